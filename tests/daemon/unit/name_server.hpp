// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "daemon/net/resolver.hpp"

namespace protohost::unit::testing {

/// Answers lookups, or keeps whoever asks waiting. Lookups hold it, for they may outlive the test.
class NameServer : public std::enable_shared_from_this<NameServer> {
public:
    static std::shared_ptr<NameServer> make() { return std::make_shared<NameServer>(); }

    net::Resolver::Lookup lookup() {
        return [self = shared_from_this()](const model::Address& asked) -> net::Resolver::Answer {
            return self->answer(asked);
        };
    }

    /// What every name is from now on; hosts are numbers, and the port is the one asked for.
    void knows(std::vector<std::string> hosts) {
        const std::lock_guard lock(mutex_);
        hosts_ = std::move(hosts);
    }
    void stall() {
        const std::lock_guard lock(mutex_);
        stalled_ = true;
    }
    void go_on() {
        const std::lock_guard lock(mutex_);
        stalled_ = false;
        changed_.notify_all();
    }
    std::size_t asked() const {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

private:
    net::Resolver::Answer answer(const model::Address& asked) {
        std::unique_lock lock(mutex_);
        ++asked_;
        changed_.wait(lock, [&] { return !stalled_; });
        if (hosts_.empty()) return base::failure("here", "the name is unknown");
        std::vector<net::SocketAddress> all;
        for (const auto& host : hosts_) {
            all.push_back(*net::numeric({.host = host, .port = asked.port}));
        }
        return all;
    }

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> hosts_{"127.0.0.1"};
    bool stalled_ = false;
    std::size_t asked_ = 0;
};

}  // namespace protohost::unit::testing
