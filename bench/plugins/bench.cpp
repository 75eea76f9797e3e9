// SPDX-License-Identifier: MIT
#include <algorithm>
#include <string>

#include <protohost/plugin.hpp>

// What the peers do beside plain echo, as a protocol of ours.

namespace {

/// Sends back what it receives in many small writes.
class Pieces final : public protohost::Protocol {
public:
    void connection_made(protohost::Transport transport) override { transport_ = transport; }
    void data_received(protohost::Bytes data) override {
        constexpr std::size_t piece = 64;
        for (; !data.empty(); data = data.subspan(std::min(piece, data.size()))) {
            transport_.write(data.first(std::min(piece, data.size())));
        }
    }
    void pause_writing() override { transport_.pause_reading(); }
    void resume_writing() override { transport_.resume_reading(); }

private:
    protohost::Transport transport_;
};

/// Speaks first, and closes.
class Greet final : public protohost::Protocol {
public:
    void connection_made(protohost::Transport transport) override {
        static const std::string greeting(64, 'm');
        transport.write(greeting);
        transport.close();
    }
};

class EchoDatagrams final : public protohost::DatagramProtocol {
public:
    void connection_made(protohost::DatagramTransport transport) override {
        transport_ = transport;
    }
    void datagram_received(protohost::Bytes data, const protohost::Address& addr) override {
        transport_.sendto(data, addr);
    }

private:
    protohost::DatagramTransport transport_;
};

}  // namespace

PROTOHOST_PLUGIN("bench",
                 "1.0",
                 protohost::factory<Pieces>("pieces", "echo in writes of 64 bytes"),
                 protohost::factory<Greet>("greet", "64 bytes and the end"),
                 protohost::factory<EchoDatagrams>("datagrams", "echo of datagrams"));
