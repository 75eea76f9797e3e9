// SPDX-License-Identifier: MIT
#include <protohost/plugin.hpp>

namespace {

constexpr std::string_view message = "Hello World!";

/// Sends a message, and says what comes back until the server closes.
class EchoClientProtocol final : public protohost::Protocol {
    void connection_made(protohost::Transport transport) override {
        transport.write(message);
        log().info("Data sent: '" + std::string(message) + "'");
    }
    void data_received(protohost::Bytes data) override {
        log().info("Data received: '" + std::string(protohost::as_text(data)) + "'");
    }
    void connection_lost(const protohost::Error*) override {
        log().info("The server closed the connection");
    }
};

constexpr auto factory = protohost::factory<EchoClientProtocol>("tcp-echo-client", "says hello");

}  // namespace

PROTOHOST_PLUGIN("tcp-echo-client", "1.0", factory);
