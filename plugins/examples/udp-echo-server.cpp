// SPDX-License-Identifier: MIT
#include <protohost/plugin.hpp>

namespace {

/// Sends every datagram back to where it came from. What it says of each is for `debug`.
class EchoServerProtocol final : public protohost::DatagramProtocol {
    void connection_made(protohost::DatagramTransport transport) override {
        transport_ = transport;
    }
    void datagram_received(protohost::Bytes data, const protohost::Address& addr) override {
        if (log().enabled(PH_LOG_DEBUG)) {
            const std::string message = "'" + std::string(protohost::as_text(data)) + "'";
            log().debug("Received " + message + " from " + addr.text());
            log().debug("Send " + message + " to " + addr.text());
        }
        transport_.sendto(data, addr);
    }

    protohost::DatagramTransport transport_;
};

constexpr auto factory = protohost::factory<EchoServerProtocol>("udp-echo-server", "sends it back");

}  // namespace

PROTOHOST_PLUGIN("udp-echo-server", "1.0", factory);
