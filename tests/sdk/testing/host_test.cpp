// SPDX-License-Identifier: MIT
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <protohost/plugin.hpp>
#include <protohost/testing.hpp>

namespace protohost::testing {
namespace {

using namespace std::chrono_literals;

TEST(Host, TimeStandsStillUntilItIsMoved) {
    Host host;
    const TimePoint begin = host.time();
    host.run_ready();
    EXPECT_EQ(host.time(), begin);
    host.advance(1500ms);
    EXPECT_EQ(host.time(), begin + 1500ms);
    EXPECT_THROW(host.advance(-1ns), std::invalid_argument);
}

TEST(Host, TimersOnTheWayRunEachAtItsOwnTime) {
    Host host;
    Loop loop = host.get_loop();
    const TimePoint begin = host.time();
    std::vector<std::chrono::nanoseconds> times;
    loop.call_later(10s, [&] {
        times.push_back(host.time() - begin);
        loop.call_later(5s, [&] { times.push_back(host.time() - begin); });
    });
    loop.call_later(12s, [&] { times.push_back(host.time() - begin); });
    host.advance(11s);
    EXPECT_EQ(times, (std::vector<std::chrono::nanoseconds>{10s}));
    host.advance(1h);
    EXPECT_EQ(times, (std::vector<std::chrono::nanoseconds>{10s, 12s, 15s}));
}

TEST(Host, CountsWhatIsScheduled) {
    Host host;
    Loop loop = host.get_loop();
    Handle timer = loop.call_later(1s, [] {});
    loop.call_soon([] {});
    EXPECT_EQ(host.pending_calls(), 2u);
    host.run_ready();
    EXPECT_EQ(host.pending_calls(), 1u);
    timer.cancel();
    EXPECT_EQ(host.pending_calls(), 0u);
}

TEST(Host, GivesUpWhereTheLoopNeverRests) {
    Host host;
    Loop loop = host.get_loop();
    std::function<void()> again = [&] { loop.call_soon(again); };
    loop.call_soon(again);
    EXPECT_THROW(host.run_ready(), std::runtime_error);
}

TEST(Host, KeepsTheLog) {
    Host host;
    host.get_loop().log().info("one");
    host.get_loop().log().debug("two");
    EXPECT_EQ(host.log(), (std::vector<LogLine>{{PH_LOG_INFO, "one"}, {PH_LOG_DEBUG, "two"}}));
    EXPECT_TRUE(host.logged("wo"));
    EXPECT_FALSE(host.logged("three"));
    host.set_log_level(PH_LOG_WARN);
    EXPECT_FALSE(host.get_loop().log().enabled(PH_LOG_INFO));
    host.get_loop().log().info("three");
    EXPECT_FALSE(host.logged("three"));
}

TEST(Host, SaysWhatAScheduledCallbackThrew) {
    Host host;
    host.get_loop().call_soon([] { throw std::runtime_error("no luck"); });
    host.run_ready();
    EXPECT_EQ(host.log(), (std::vector<LogLine>{{PH_LOG_ERROR, "no luck"}}));
}

TEST(Host, WaitsForThreadsInRealTime) {
    Host host;
    Loop loop = host.get_loop();
    bool arrived = false;
    std::thread thread([&] { loop.call_soon_threadsafe([&] { arrived = true; }); });
    EXPECT_TRUE(host.run_until([&] { return arrived; }));
    thread.join();
    EXPECT_FALSE(host.run_until([] { return false; }, 1ms));
}

/// Says what happened to it.
struct Talker final : Protocol {
    void connection_made(Transport transport) override {
        transport.write("hello");
        log().info("connected to " + transport.get_extra_info("peername").text());
    }
};

class TalkerFactory {
public:
    explicit TalkerFactory(const Options& options) : size_(options.get<std::size_t>("size")) {
        if (size_ == 0) options["size"].reject("must not be zero");
    }
    std::unique_ptr<Talker> operator()() {
        if (size_ > 1000) throw std::runtime_error("too much");
        return std::make_unique<Talker>();
    }
    void started(Loop loop) { loop.log().info("started with " + std::to_string(size_)); }

private:
    std::size_t size_;
};

constexpr ph_option options[] = {
    option("size", OptionType::size, "1KiB", "bytes of something"),
    option("name", OptionType::string, "", "may be empty"),
};
constexpr ph_factory talker = factory<TalkerFactory>("talker", "talks", options);

/// What an operator would be told about the options.
std::string complaint(const OptionValues& given) {
    Host host;
    try {
        const Listener listener(host, talker, given);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "none";
}

TEST(Listener, ConfiguresItsFactoryAsTheDaemonDoes) {
    Host host;
    Listener listener(host, talker, {{"size", 500}}, {.peername = "192.0.2.1:5000"});
    Connection& connection = listener.connect();
    EXPECT_EQ(connection.written(), "hello");
    EXPECT_EQ(host.log(),
              (std::vector<LogLine>{{PH_LOG_INFO, "started with 500"},
                                    {PH_LOG_INFO, "connected to 192.0.2.1:5000"}}));
}

TEST(Listener, RefusesWhatTheDaemonWouldRefuse) {
    EXPECT_EQ(complaint({{"size", "64KiB"}, {"name", "x"}}), "none");
    EXPECT_EQ(complaint({{"sice", 1}}), "options.sice: unknown option");
    EXPECT_NE(complaint({{"size", "many"}}).find("options.size: "), std::string::npos);
    EXPECT_NE(complaint({{"size", 0}}).find("must not be zero"), std::string::npos);
}

TEST(Listener, SaysThatTheFactoryFailed) {
    Host host;
    Listener listener(host, talker);  // 1KiB is more than it can do
    EXPECT_THROW(listener.connect(), std::runtime_error);
    EXPECT_EQ(listener.connections(), 0u);
}

/// Opens a connection of its own for each that it is given.
struct Relay final : Protocol {
    void connection_made(Transport transport) override {
        transport.get_loop().create_connection(
            [] { return std::make_unique<Talker>(); }, "192.0.2.1", 80);
    }
};

TEST(Listener, EndsWithItWhatItsProtocolsHaveOpened) {
    Host host;
    std::optional<Listener> listener(std::in_place, host, factory<Relay>("relay", "relays"));
    listener->connect();
    Connection& upstream = host.opening().accept();
    EXPECT_EQ(upstream.written(), "hello");
    listener.reset();
    EXPECT_TRUE(upstream.lost());
    upstream.feed_data("nobody is there any more");
    EXPECT_EQ(upstream.written(), "hello");
}

}  // namespace
}  // namespace protohost::testing
