// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <protohost/abi.h>
#include <protohost/detail/context.hpp>
#include <protohost/detail/testing/config_table.hpp>
#include <protohost/detail/testing/core.hpp>
#include <protohost/detail/testing/loop_table.hpp>
#include <protohost/detail/testing/transport_table.hpp>
#include <protohost/loop.hpp>
#include <protohost/testing/values.hpp>

namespace protohost::testing {

class Opening;

/// A host in memory: the loop, the log and the services that a protocol finds in the daemon, on a
/// clock that only the test moves. No socket is opened and no time passes, so a test is fast and
/// every run of it is the same.
///
/// Declare it first: connections and listeners refer to it. It belongs to the thread that made it,
/// which is the loop's thread for the code under test.
class Host {
public:
    Host() = default;
    ~Host() {
        core_.kept.clear();
        core_.release(unit_);
    }
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    /// What get_loop() gives a protocol, for tests that schedule something themselves.
    Loop get_loop() { return Loop(unit_.context()); }

    /// Loop time. It begins somewhere, and stands still until advance().
    TimePoint time() { return get_loop().time(); }

    /// Runs what is ready, and what becomes ready by it: call_soon, what other threads have sent,
    /// work in the executor, bytes that wait to be read or written. Timers run when they are due
    /// now. Throws std::runtime_error where it never comes to rest.
    ///
    /// What the test does to a connection runs it already; it is needed after the test itself has
    /// called an operation of a transport or of the loop. From inside a callback it does nothing.
    void run_ready() { core_.run_ready(); }

    /// Moves the clock on. Timers on the way run in the order of their time, each at its own time.
    template <class Rep, class Period>
    void advance(std::chrono::duration<Rep, Period> time) {
        const auto step = std::chrono::ceil<std::chrono::nanoseconds>(time).count();
        if (step < 0) throw std::invalid_argument("time does not run backwards");
        core_.advance_to(core_.schedule.now() + static_cast<std::uint64_t>(step));
    }

    /// For protocols with threads: runs what is ready, and waits in real time for what other
    /// threads send, until `done()`. False: it did not come about within `patience`.
    bool run_until(const std::function<bool()>& done,
                   std::chrono::milliseconds patience = std::chrono::seconds(10)) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        run_ready();
        while (!done()) {
            if (!core_.schedule.wait_for_post(deadline)) return false;
            run_ready();
        }
        return true;
    }

    /// How many calls are scheduled and neither called nor cancelled: 0 where everybody has cleaned
    /// up.
    std::size_t pending_calls() { return core_.schedule.pending(); }

    /// Everything logged so far, from PH_LOG_TRACE up. Beside the code's own lines: which callback
    /// failed and why, that a transport was used after its end, that the hard limit was reached.
    std::vector<LogLine> log() const { return core_.log.lines(); }

    /// Whether a line contains `text`.
    bool logged(std::string_view text) const {
        for (const LogLine& line : log()) {
            if (line.text.find(text) != std::string::npos) return true;
        }
        return false;
    }

    /// What log_enabled() says and the log keeps from now on: `level` and what is worse.
    void set_log_level(int level) { core_.log.set_level(level); }

    /// What the code under test has asked the loop to open (create_connection, create_server, ...)
    /// and nobody has answered yet, oldest first. See Opening.
    std::vector<Opening> openings();

    /// The oldest of them. Throws std::logic_error where there is none.
    Opening opening();

    /// For the objects of the SDK, and for the kit's own classes.
    detail::Context context() { return unit_.context(); }
    detail::testing::Unit& unit() { return unit_; }

private:
    ph_host make_host() {
        const auto text = [](std::string_view view) { return detail::to_abi(view); };
        ph_host host{};
        host.size = sizeof host;
        host.abi_major = PH_ABI_MAJOR;
        host.abi_minor = PH_ABI_MINOR;
        host.product = text("protohost testing");
        host.version = text("0");
        host.transport = &transport_;
        host.loop = &loop_;
        host.config = &config_;
        using detail::testing::Unit;
        host.log_enabled = [](ph_ctx* ctx, std::int32_t level) {
            return Unit::of(ctx).core.log.enabled(level) ? 1 : 0;
        };
        host.log = [](ph_ctx* ctx, std::int32_t level, ph_str message) {
            Unit::of(ctx).core.log.write(level, detail::from_abi(message));
        };
        host.fail = [](ph_ctx*, ph_status code, ph_str message) {
            detail::testing::failure().text = detail::from_abi(message);
            return code;
        };
        host.on_loop = [](ph_ctx* ctx) { return Unit::of(ctx).core.on_loop() ? 1 : 0; };
        host.extension = [](ph_ctx*, const char*) -> const void* { return nullptr; };
        return host;
    }

    ph_transport_api transport_ = detail::testing::transport_table();
    ph_loop_api loop_ = detail::testing::loop_table();
    ph_config_api config_ = detail::testing::config_table();
    ph_host host_ = make_host();
    detail::testing::Core core_{host_};
    detail::testing::Unit unit_{core_};
};

}  // namespace protohost::testing
