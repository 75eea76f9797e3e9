// SPDX-License-Identifier: MIT
#include <protohost/plugin.hpp>

namespace {

/// Sends back what it receives first, and closes the connection.
class EchoServerProtocol final : public protohost::Protocol {
    void connection_made(protohost::Transport transport) override {
        transport_ = transport;
        log().info("Connection from " + transport.get_extra_info("peername", "?"));
    }
    void data_received(protohost::Bytes data) override {
        log().info("Data received: " + std::string(protohost::as_text(data)));
        transport_.write(data);
        log().info("Close the client socket");
        transport_.close();
    }
    protohost::Log log() const { return transport_.get_loop().log(); }

    protohost::Transport transport_;
};

}  // namespace

PROTOHOST_PLUGIN("tcp-echo-server",
                 "1.0",
                 protohost::factory<EchoServerProtocol>("tcp-echo-server",
                                                        "answers once and closes"));
