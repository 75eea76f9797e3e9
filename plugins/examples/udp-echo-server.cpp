// SPDX-License-Identifier: MIT
#include <protohost/plugin.hpp>

namespace {

/// Sends every datagram back to where it came from.
class EchoServerProtocol final : public protohost::DatagramProtocol {
    void connection_made(protohost::DatagramTransport transport) override { transport_ = transport; }
    void datagram_received(protohost::Bytes data, const protohost::Address& addr) override {
        const protohost::Log log = transport_.get_loop().log();
        if (log.enabled(PH_LOG_DEBUG)) {
            log.debug("Received " + std::string(protohost::as_text(data)) + " from " + addr.text());
        }
        transport_.sendto(data, addr);
    }

    protohost::DatagramTransport transport_;
};

}  // namespace

PROTOHOST_PLUGIN("udp-echo-server",
                 "1.0",
                 protohost::factory<EchoServerProtocol>("udp-echo-server",
                                                        "sends every datagram back"));
