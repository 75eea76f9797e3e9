// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstdint>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

#include "daemon/base/failure.hpp"
#include "daemon/unit/scheduled_calls.hpp"

#include <protohost/loop.hpp>
#include <protohost/options.hpp>
#include <protohost/transport.hpp>

namespace protohost::unit {
namespace {

TEST(ScheduledCalls, ATimeThatNeverComesNeverComes) {
    net::Loop loop;
    ScheduledCalls calls{loop, UnitLog("")};
    int called = 0;
    for (const std::uint64_t never : {std::numeric_limits<std::uint64_t>::max(),
                                      std::uint64_t{1} << 63,
                                      (std::uint64_t{1} << 63) - 1}) {
        calls.call_at(never, {[](void* n) { ++*static_cast<int*>(n); }, nullptr, &called});
        loop.run_once(std::chrono::milliseconds(5));
        EXPECT_EQ(called, 0) << never;
    }
}

TEST(ScheduledCalls, WhatACallbackThrowsIsNotTakenForTheNextFailure) {
    net::Loop loop;
    ScheduledCalls calls{loop, UnitLog("")};
    calls.call_soon({[](void*) { throw std::runtime_error("of a timer"); }, nullptr, nullptr});
    loop.run_once(std::chrono::milliseconds(5));
    EXPECT_EQ(base::take_failure(), "");
}

TEST(ScheduledCalls, WhatADropThrowsStaysInside) {
    net::Loop loop;
    ScheduledCalls calls{loop, UnitLog("")};
    const ph_op op = calls.call_soon(
        {[](void*) {}, [](void*) { throw std::runtime_error("of a drop"); }, nullptr});
    EXPECT_NO_THROW(calls.cancel(op));
}

TEST(ScheduledCalls, NothingIsCalledThatIsScheduledAfterDropAll) {
    net::Loop loop;
    ScheduledCalls calls{loop, UnitLog("")};
    calls.drop_all();
    int called = 0;
    const ScheduledCalls::Callback late{[](void* n) { ++*static_cast<int*>(n); }, nullptr, &called};
    EXPECT_EQ(calls.call_soon(late), 0u);
    EXPECT_EQ(calls.call_at(0, late), 0u);
    loop.run_once(std::chrono::milliseconds(5));
    EXPECT_EQ(called, 0);
}

/// Tables that write down what the SDK hands over.
struct Fake {
    ph_loop_api loop{};
    ph_transport_api transport{};
    ph_config_api config{};
    ph_host host{};
    static inline std::uint64_t when = 0;
    static inline std::int64_t high = 0;
    static inline std::uint64_t duration = 0;
    static inline std::string rejected = {};

    Fake() {
        loop.time = [](ph_ctx*) { return std::uint64_t{1'000'000'000}; };
        loop.call_at = [](ph_ctx*, std::uint64_t at, ph_fn, ph_fn drop, void* arg) -> ph_op {
            when = at;
            drop(arg);
            return 1;
        };
        transport.set_write_buffer_limits =
            [](ph_ctx*, ph_transport*, std::int64_t h, std::int64_t l) -> ph_status {
            high = h;
            return h < -1 || l < -1 ? PH_E_INVAL : PH_OK;
        };
        config.as_duration = [](ph_ctx*, const ph_node*, std::uint64_t* out) -> ph_status {
            *out = duration;
            return PH_OK;
        };
        config.as_string = [](ph_ctx*, const ph_node*, ph_str* out) -> ph_status {
            *out = detail::to_abi("this");
            return PH_OK;
        };
        config.reject = [](ph_ctx*, const ph_node*, ph_str why) -> ph_status {
            rejected = detail::from_abi(why);
            return PH_E_INVAL;
        };
        host.loop = &loop;
        host.transport = &transport;
        host.config = &config;
    }
    detail::Context context() { return {&host, nullptr}; }
};

TEST(SdkFace, CallLaterWithTheLongestDelayIsNotNow) {
    Fake fake;
    Loop(fake.context()).call_later(std::chrono::nanoseconds::max(), [] {});
    EXPECT_GT(Fake::when, 1'000'000'000u);
    Loop(fake.context()).call_later(std::chrono::hours::max(), [] {});
    EXPECT_GT(Fake::when, 1'000'000'000u);
}

TEST(SdkFace, TheLargestHighLimitIsNotTheUnitsOwn) {
    Fake fake;
    Transport transport(fake.context(), nullptr);
    transport.set_write_buffer_limits(std::numeric_limits<std::size_t>::max());
    EXPECT_GT(Fake::high, 0);
    EXPECT_NO_THROW(transport.set_write_buffer_limits(std::numeric_limits<std::size_t>::max() - 1));
}

TEST(SdkFace, ADurationThatItsTypeCannotHoldIsRejected) {
    Fake fake;
    const Options option(fake.context(), reinterpret_cast<const ph_node*>(&fake));
    Fake::duration = 250'000'000;
    EXPECT_THROW(option.as<std::chrono::seconds>(), OptionError);
    EXPECT_EQ(Fake::rejected, "this does not fit: the plugin counts in whole seconds");
    Fake::duration = 10'000'000'000;
    using Short = std::chrono::duration<std::int32_t, std::nano>;
    EXPECT_THROW(option.as<Short>(), OptionError);
    EXPECT_EQ(Fake::rejected, "this does not fit: the plugin takes at most 2147483647 nanoseconds");
    EXPECT_EQ(option.as<std::chrono::seconds>().count(), 10);
}

TEST(SdkFace, ADurationMayBeReadAsAFraction) {
    Fake fake;
    const Options option(fake.context(), reinterpret_cast<const ph_node*>(&fake));
    for (std::uint64_t milliseconds = 1; milliseconds < 2000; ++milliseconds) {
        Fake::duration = milliseconds * 1'000'000;
        ASSERT_NO_THROW(option.as<std::chrono::duration<double>>()) << milliseconds << "ms";
    }
}

}  // namespace
}  // namespace protohost::unit
