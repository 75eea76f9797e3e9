// SPDX-License-Identifier: MIT
#include <protohost/plugin.hpp>

namespace {

constexpr std::string_view message = "Hello World!";

/// Sends a message, and closes when it has the answer.
class EchoClientProtocol final : public protohost::DatagramProtocol {
    void connection_made(protohost::DatagramTransport transport) override {
        transport_ = transport;
        log().info("Send: " + std::string(message));
        transport_.sendto(message);
    }
    void datagram_received(protohost::Bytes data, const protohost::Address&) override {
        log().info("Received: " + std::string(protohost::as_text(data)));
        log().info("Close the socket");
        transport_.close();
    }
    void error_received(const protohost::Error& exc, const protohost::Address&) override {
        log().info("Error received: " + std::string(exc.message));
    }
    void connection_lost(const protohost::Error*) override { log().info("Connection closed"); }

    protohost::DatagramTransport transport_;
};

constexpr auto factory = protohost::factory<EchoClientProtocol>("udp-echo-client", "says hello");

}  // namespace

PROTOHOST_PLUGIN("udp-echo-client", "1.0", factory);
