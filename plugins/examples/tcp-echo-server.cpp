// SPDX-License-Identifier: MIT
#include <protohost/plugin.hpp>

namespace {

/// Sends back what it receives first, and closes the connection.
class EchoServerProtocol final : public protohost::Protocol {
    void connection_made(protohost::Transport transport) override {
        log().info("Connection from " + transport.get_extra_info("peername").text());
        transport_ = transport;
    }
    void data_received(protohost::Bytes data) override {
        const std::string message(protohost::as_text(data));
        log().info("Data received: '" + message + "'");
        log().info("Send: '" + message + "'");
        transport_.write(data);
        log().info("Close the client socket");
        transport_.close();
    }

    protohost::Transport transport_;
};

constexpr auto factory = protohost::factory<EchoServerProtocol>("tcp-echo-server", "answers once");

}  // namespace

PROTOHOST_PLUGIN("tcp-echo-server", "1.0", factory);
