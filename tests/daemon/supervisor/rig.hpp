// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/net/executor.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/resolver.hpp"
#include "daemon/supervisor/supervisor.hpp"
#include "tests/daemon/plugin/guest_files.hpp"

namespace protohost::supervisor::testing {

/// What would happen has happened by then.
constexpr std::chrono::seconds patience{60};

/// A supervisor on a real loop, with a configuration that the test writes and the plugins that
/// were built for tests.
class Rig : public ::testing::Test {
protected:
    Rig();
    ~Rig() override;

    /// Replaces the file. Durations, paths and the log's level are common to all.
    void write(const std::string& units) const;
    /// The first start, which must go well.
    void start(const std::string& units);

    /// Asks for a reload and runs the loop until it is over.
    ReloadRecord reload();
    ReloadRecord reload(const std::string& units);
    /// As the signal does; the end does it, too.
    void stop();
    bool stopped() const { return stopped_; }
    void run_until(const std::function<bool()>& done);
    /// What is ready, and what that brings about.
    void run_ready();

    /// All that can be seen of the running configuration: units with their states, addresses and
    /// generations, and the process's sockets by their inodes. Equal where nothing was touched.
    std::vector<std::string> everything();

    const plugin::testing::TemporaryFolder folder_;
    const std::string file_ = folder_ / "protohost.yaml";
    net::Loop loop_;
    net::Resolver resolver_{loop_};
    net::Executor executor_{loop_};
    std::unique_ptr<Supervisor> supervisor_;

private:
    bool stopping_ = false;
    bool stopped_ = false;
};

/// "tcp://127.0.0.1:0", of a socket that nobody has now.
std::string free_address();

/// "  NAME: {listen: "ADDRESS", protocol: PROTOCOL, MORE}\n".
std::string listener(std::string_view name,
                     std::string_view address,
                     std::string_view more = "protocol: greets");

}  // namespace protohost::supervisor::testing
