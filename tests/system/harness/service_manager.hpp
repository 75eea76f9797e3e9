// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "tests/system/harness/daemon.hpp"

namespace protohost::harness {

/// What systemd is for a service: it passes sockets to it, hears what it says, and keeps for its
/// next start what it is given. As version 252 does it: what is kept already is not kept twice, and
/// has its first name to the end.
class ServiceManager {
public:
    ServiceManager();
    ~ServiceManager();
    ServiceManager(const ServiceManager&) = delete;
    ServiceManager& operator=(const ServiceManager&) = delete;

    /// As a socket unit does: a socket of its own, or one of the test's.
    void open(std::string name, base::Descriptor socket);

    /// The next start of `setup`: with the sockets, those that are kept, and NOTIFY_SOCKET.
    DaemonSetup starting(DaemonSetup setup) const;

    /// The names of what is kept, sorted.
    std::vector<std::string> kept() const;
    /// Until that is so.
    bool wait_for_kept(std::size_t count) const;
    /// Until a message begins with `what`; what was said before it is forgotten.
    std::string wait_for(std::string_view what);
    /// All messages since then.
    std::vector<std::string> heard() const;
    /// Ends the keeping, as `systemctl stop` does.
    void forget();
    /// What is kept by that name; nullopt: nothing. A copy.
    base::Descriptor copy_of(std::string_view name) const;

private:
    struct Kept {
        std::string name;
        base::Descriptor socket;
    };

    void listen();
    void hear(const std::string& message, base::Descriptor passed);

    std::vector<Kept> opened_;
    std::string name_;
    base::Descriptor socket_;
    base::Descriptor end_;  ///< an eventfd

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<Kept> kept_;
    std::vector<std::string> heard_;
    std::thread thread_;
};

}  // namespace protohost::harness
