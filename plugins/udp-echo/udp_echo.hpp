// SPDX-License-Identifier: MIT
#pragma once

#include <protohost/protocol.hpp>

/// Sends every datagram back to where it came from, empty ones too. While answers wait, nothing
/// more is read: what arrives meanwhile waits in the kernel, as far as there is room.
class UdpEcho final : public protohost::DatagramProtocol {
public:
    void connection_made(protohost::DatagramTransport transport) override {
        transport_ = transport;
    }
    void datagram_received(protohost::Bytes data, const protohost::Address& addr) override {
        transport_.sendto(data, addr);
    }
    void pause_writing() override { transport_.pause_reading(); }
    void resume_writing() override { transport_.resume_reading(); }

private:
    protohost::DatagramTransport transport_;
};
