// SPDX-License-Identifier: MIT
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>

#include <protohost/plugin.hpp>

namespace {

class Silence final : public protohost::Protocol {};

/// Acts without any connection, and says so in the log.
class Clock {
public:
    std::unique_ptr<Silence> operator()() const { return std::make_unique<Silence>(); }
    void started(protohost::Loop loop) {
        const protohost::Log log = loop.log();
        log.info(loop.on_loop() ? "started on the loop" : "started elsewhere");
        loop.call_soon([log] { log.info("soon: first"); });
        loop.call_soon([log] { log.info("soon: second"); });
        loop.call_soon([log] { log.info("soon: cancelled"); }).cancel();
        loop.call_later(std::chrono::milliseconds(1),
                        []() -> void { throw std::runtime_error("a callback that fails"); });
        loop.call_later(std::chrono::milliseconds(2), []() -> void { throw 42; });
        const auto begin = loop.time();
        loop.call_later(std::chrono::milliseconds(30), [log, loop, begin] {
            const bool late = loop.time() - begin >= std::chrono::milliseconds(30);
            log.info(late ? "later: not early" : "later: too early");
        });
        thread_ = std::jthread([log, loop]() mutable {
            log.info(loop.on_loop() ? "thread: on the loop" : "thread: beside the loop");
            loop.call_soon_threadsafe([log, loop] {
                log.info(loop.on_loop() ? "threadsafe: on the loop" : "threadsafe: elsewhere");
            });
        });
        loop.call_later(std::chrono::hours(1), [log] { log.info("an hour later"); });
    }

private:
    std::jthread thread_;  // does not outlive the plugin
};

}  // namespace

PROTOHOST_PLUGIN("clock", "1.0", protohost::factory<Clock>("clock", "acts without connections"));
