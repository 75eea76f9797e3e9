// SPDX-License-Identifier: MIT
#include "daemon/supervisor/service.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/base/format.hpp"
#include "daemon/net/listening_socket.hpp"
#include "daemon/net/timer.hpp"
#include "tests/daemon/base/fake_service_manager.hpp"
#include "tests/daemon/supervisor/rig.hpp"

namespace protohost::supervisor::testing {
namespace {

using namespace std::chrono_literals;
using fakes::FakeServiceManager;
using fakes::Variable;

const std::string one_unit = "listeners:\n" + listener("one", "tcp://127.0.0.1:0");

/// A client of a listener.
base::Descriptor connect_to(const std::string& address) {
    std::string problem;
    const auto where = net::resolve(*model::parse_address(address, problem)).value().front();
    base::Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(client.get(), where.data(), where.size()), 0);
    return client;
}

class ServiceTest : public Rig {
protected:
    // The supervisor goes first, and may stop before.
    ~ServiceTest() override {
        if (!stopped()) {
            stop();
            run_until([this] { return stopped(); });
        }
    }

    void begin(Service::Settings settings = {}) {
        const Variable variable("NOTIFY_SOCKET", manager_.name());
        settings.socket = base::ServiceSocket::take_from_environment().value();
        service_ = std::make_unique<Service>(loop_, *supervisor_, std::move(settings));
    }
    /// As the daemon does.
    void announce() {
        supervisor_->when_ready([this] { service_->ready(); }, [](const auto&) { FAIL(); });
    }
    void gather() {
        for (auto& said : manager_.hear_all()) heard_.push_back(std::move(said));
    }
    /// Of what was said since the last time, what begins with `what`.
    std::vector<std::string> heard(std::string_view what) {
        gather();
        std::vector<std::string> found;
        std::copy_if(heard_.begin(), heard_.end(), std::back_inserter(found), [&](const auto& one) {
            return one.starts_with(what);
        });
        return found;
    }
    void run_until_heard(const std::string& said) {
        run_until([&] {
            gather();
            return std::find(heard_.begin(), heard_.end(), said) != heard_.end();
        });
    }
    void forget() {
        gather();
        heard_.clear();
    }

    FakeServiceManager manager_;
    std::unique_ptr<Service> service_;
    std::vector<std::string> heard_;
    std::string last_;  ///< what STATUS= says of the reload before
};

TEST_F(ServiceTest, IsReadyOnlyWhenEverythingServes) {
    const std::string peer = free_address();
    begin();
    start(one_unit + "endpoints:\n" +
          base::format("  feed: {{connect: \"{}\", protocol: greets, required: true, "
                       "reconnect: {{initial: 1ms, max: 5ms}}}}\n",
                       peer));
    announce();
    run_until_heard("STATUS=Starting: 2 units, 0 connections; waits for endpoint feed");
    // A reload meanwhile does not say it either.
    EXPECT_EQ(reload().verdict, Verdict::unchanged);
    EXPECT_EQ(heard("READY").size(), 0U);
    EXPECT_EQ(heard("RELOADING").size(), 0U);

    std::string problem;
    const auto listening = net::open_listening(*model::parse_address(peer, problem), {}, "test");
    ASSERT_TRUE(listening) << base::to_string(listening.error().front());
    run_until([&] { return !heard("READY").empty(); });
    EXPECT_EQ(heard("READY").size(), 1U);
    EXPECT_EQ(heard("READY").front(),
              "READY=1\nSTATUS=Serving: 2 units, 1 connection; reload 2 unchanged");
}

TEST_F(ServiceTest, SaysThatItReloadsAndIsReadyAfterEveryOutcome) {
    begin();
    start(one_unit);
    announce();
    EXPECT_EQ(heard("READY"),
              std::vector<std::string>{"READY=1\nSTATUS=Serving: 1 unit, 0 "
                                       "connections"});
    const auto after = [&](const std::string& units) {
        forget();
        const auto before = std::chrono::steady_clock::now().time_since_epoch();
        reload(units);
        EXPECT_EQ(heard("RELOADING").size(), 1U);
        EXPECT_EQ(heard("READY").size(), 1U);
        if (heard_.size() < 2) return std::string();
        // One datagram with the time of the beginning, on the clock that the manager has.
        const std::string& began = heard_.front();
        const std::string key = "RELOADING=1\nMONOTONIC_USEC=";
        EXPECT_TRUE(began.starts_with(key)) << began;
        EXPECT_TRUE(began.ends_with("\nSTATUS=Reloading: 1 unit, 0 connections" + last_)) << began;
        const std::chrono::microseconds at(std::stoll(began.substr(key.size())));
        EXPECT_GE(at, std::chrono::floor<std::chrono::microseconds>(before));
        EXPECT_LE(at, std::chrono::steady_clock::now().time_since_epoch());
        EXPECT_TRUE(heard_.back().starts_with("READY=1\n"));
        return heard("READY").back();
    };
    EXPECT_EQ(after(one_unit),
              "READY=1\nSTATUS=Serving: 1 unit, 0 connections; reload 2 unchanged");
    last_ = "; reload 2 unchanged";
    EXPECT_EQ(after("listeners:\n" + listener("two", "tcp://127.0.0.1:0")),
              "READY=1\nSTATUS=Serving: 1 unit, 0 connections; reload 3 applied");
    last_ = "; reload 3 applied";
    const std::string refused = after("listeners: {one: {listen: nowhere, protocl: x}}\n");
    EXPECT_TRUE(
        refused.starts_with("READY=1\nSTATUS=Serving: 1 unit, 0 connections; reload 4 "
                            "rejected: "))
        << refused;
    EXPECT_NE(refused.find("protohost.yaml:2:"), std::string::npos) << refused;
    EXPECT_NE(refused.find("more error"), std::string::npos) << refused;
    EXPECT_EQ(std::count(refused.begin(), refused.end(), '\n'), 1) << refused;
}

TEST_F(ServiceTest, SaysThatItStopsAndAsksForTimeAsLongAsItDoes) {
    begin({.socket = {}, .extension_period = 2ms});
    const std::string address = free_address();
    const auto target = net::open_listening({.host = "127.0.0.1", .port = 0}, {}, "test");
    // Who forwards goes on until one of the two ends has gone.
    const std::string forwards = base::format("protocol: forward, options: {{to: \"{}\"}}",
                                              target.value().front().local.uri());
    start("listeners:\n" + listener("one", address, forwards + ", timeouts: {drain: 300ms}"));
    announce();
    const base::Descriptor client = connect_to(address);
    run_until([this] { return supervisor_->totals().connections == 2; });
    forget();
    stop();
    EXPECT_EQ(heard("STOPPING"),
              std::vector<std::string>{"STOPPING=1\nSTATUS=Stopping: 2 connections left"});
    EXPECT_EQ(heard("EXTEND"), std::vector<std::string>{"EXTEND_TIMEOUT_USEC=6000"});
    run_until([this] { return heard("EXTEND").size() > 3; });
    EXPECT_FALSE(stopped());
    run_until([this] { return stopped(); });
    forget();
    reload(one_unit);
    EXPECT_EQ(heard("READY").size() + heard("RELOADING").size(), 0U) << "it never serves again";
}

TEST_F(ServiceTest, ThatStopsWhileItReloadsIsNotReadyAgain) {
    begin();
    start(one_unit);
    announce();
    forget();
    bool done = false;
    supervisor_->reload("test", [&](const ReloadRecord&) { done = true; });
    run_until([&] { return !heard("RELOADING").empty(); });
    stop();
    run_until([&] { return done && stopped(); });
    EXPECT_EQ(heard("READY").size(), 0U);
    EXPECT_EQ(heard("STOPPING").size(), 1U);
}

TEST_F(ServiceTest, FeedsTheWatchdogFromItsLoopTwiceInEachInterval) {
    constexpr auto interval = 100ms;
    begin({.socket = {}, .watchdog = interval});
    start(one_unit);
    const auto began = std::chrono::steady_clock::now();
    run_until([&] { return heard("WATCHDOG=1").size() == 4; });
    const auto took = std::chrono::steady_clock::now() - began;
    EXPECT_GE(took, interval / 2 * 3);
    // A loop that does not go round says nothing, for as long as it does not.
    forget();
    EXPECT_EQ(manager_.hear(static_cast<int>(2 * interval.count())), "");
    run_until([&] { return heard("WATCHDOG=1").size() == 1; });
}

TEST_F(ServiceTest, WithoutAWatchdogFeedsNone) {
    begin({.socket = {}, .status_period = 1ms});
    start(one_unit);
    net::Timer later(loop_);
    bool over = false;
    later.start(20ms, [&] { over = true; });
    run_until([&] { return over; });
    EXPECT_EQ(heard("WATCHDOG").size(), 0U);
}

TEST_F(ServiceTest, TellsItsConnectionsNotMoreOftenThanThePeriod) {
    constexpr auto period = 20ms;
    begin({.socket = {}, .status_period = period});
    const std::string address = free_address();
    start("listeners:\n" + listener("one", address));
    announce();
    run_ready();
    forget();
    const auto began = std::chrono::steady_clock::now();
    std::vector<base::Descriptor> clients;
    for (int i = 0; i < 50; ++i) {
        clients.push_back(connect_to(address));
        run_ready();
    }
    run_until_heard("STATUS=Serving: 1 unit, 50 connections");
    const auto took = std::chrono::steady_clock::now() - began;
    EXPECT_LE(static_cast<long>(heard("STATUS").size()), took / period + 1);
    // Nothing is said where nothing has changed.
    forget();
    net::Timer later(loop_);
    bool over = false;
    later.start(3 * period, [&] { over = true; });
    run_until([&] { return over; });
    EXPECT_EQ(heard("").size(), 0U);
}

}  // namespace
}  // namespace protohost::supervisor::testing
