// SPDX-License-Identifier: MIT
#include "tests/contract/real_loop.hpp"

#include <chrono>
#include <utility>

namespace protohost::contract {

RealLoop::~RealLoop() {
    for (auto& transport : transports_) transport.abort();
    while (!transports_.empty()) turn();
    settle();
}

void RealLoop::start(std::unique_ptr<net::Transport> transport,
                     std::unique_ptr<BaseProtocol> protocol) {
    net::Transport& started = *transport.release();
    transports_.push_back(started);
    started.start(detail::Binding::bind(context(), std::move(protocol)));
}

void RealLoop::turn() {
    if (loop_.run_ready()) return;
    loop_.run_once(std::chrono::milliseconds(1));
}

void RealLoop::settle() {
    do {
        loop_.run_ready();
    } while (loop_.run_once(std::chrono::milliseconds(10)));
}

model::WriteBuffer RealLoop::to_model(const protohost::testing::WriteBuffer& limits) {
    using Policy = protohost::testing::WriteBuffer::Policy;
    model::WriteBuffer buffer{.high = limits.high, .low = limits.low, .limit = limits.limit};
    buffer.policy = limits.policy == Policy::abort ? model::WriteBuffer::Policy::abort
                                                   : model::WriteBuffer::Policy::refuse;
    return buffer;
}

void RealLoop::callback_failed(net::Transport&, std::string_view callback, std::string_view text) {
    failures_.push_back(std::string(callback) + ": " + std::string(text));
}

void RealLoop::ended(net::Transport& transport) {
    transports_.erase(transports_.iterator_to(transport));
    loop_.retire(std::unique_ptr<net::EventSink>(&transport));
}

}  // namespace protohost::contract
