// SPDX-License-Identifier: MIT
#include <protohost/plugin.hpp>

namespace {

/// What a program says, on its way to a client.
struct DateProtocol final : protohost::SubprocessProtocol {
    explicit DateProtocol(protohost::TransportRef receiver) : client(receiver) {}
    void pipe_data_received(int, protohost::Bytes data) override {
        if (auto transport = client.lock()) transport.write(data);
    }
    void connection_lost(const protohost::Error*) override {  // after its exit and its last word
        if (auto transport = client.lock()) transport.close();
    }

    const protohost::TransportRef client;
};

/// Tells everyone who connects what time it is.
class DateServerProtocol final : public protohost::Protocol {
    void connection_made(protohost::Transport transport) override {
        transport.get_loop().subprocess_exec(
            [client = transport.ref()] { return std::make_unique<DateProtocol>(client); },
            {"date"},
            {},
            [transport](const protohost::Error* exc, protohost::SubprocessTransport) mutable {
                if (exc != nullptr) transport.close();
            });
    }
};

constexpr auto factory = protohost::factory<DateServerProtocol>("subprocess-date", "the time");

}  // namespace

PROTOHOST_PLUGIN("subprocess-date", "1.0", factory);
