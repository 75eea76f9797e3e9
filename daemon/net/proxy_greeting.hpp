// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "daemon/net/epoll_set.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/proxy_header.hpp"
#include "daemon/net/timer.hpp"

namespace protohost::net {

class ProxyGreeting;

/// Who waits for it. One of the two is called, once, on the loop, never from inside start(); it
/// retires the greeting.
class ProxyGreetingOwner {
public:
    virtual void greeted(ProxyGreeting& greeting, const ProxyHeader& header) = 0;
    /// `problem`: "its line has no end".
    virtual void greeting_failed(ProxyGreeting& greeting, const std::string& problem) = 0;

protected:
    ~ProxyGreetingOwner() = default;
};

/// Waits for the PROXY header of a connected socket and takes it out of there: not a byte more, so
/// that whatever comes next finds what is the client's.
///
/// stop() ends it at any moment, and nobody is told. An event of the running batch may still name
/// it, so it is retired and not destroyed.
class ProxyGreeting final : public EventSink {
public:
    /// `socket` stays the caller's, is in no set, and is open until the owner is told.
    ProxyGreeting(Loop& loop, int socket, ProxyGreetingOwner& owner)
        : loop_(loop), socket_(socket), owner_(owner), deadline_(loop) {}
    ~ProxyGreeting() override { stop(); }

    void start(std::chrono::nanoseconds timeout);
    void stop();

private:
    void on_events(std::uint32_t events) override;
    /// False: there is nothing to read, or the owner was told.
    bool read_more();
    void fail(const std::string& problem);

    Loop& loop_;
    int socket_;
    ProxyGreetingOwner& owner_;
    Timer deadline_;
    std::string bytes_;
    std::uint32_t interest_ = 0;
};

}  // namespace protohost::net
