// SPDX-License-Identifier: MIT
#include "daemon/unit/retirement.hpp"

#include <thread>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/net/loop_time.hpp"

namespace protohost::unit {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto pause = std::chrono::milliseconds(100);

}  // namespace

Retirement::Retirement(net::Loop& loop, Generation& generation, Over over)
    : generation_(generation), over_(std::move(over)), timer_(loop) {}

void Retirement::begin(Clock::time_point deadline) {
    deadline_ = deadline;
    attempt_or_wait();
}

void Retirement::attempt_or_wait() {
    if (!attempt()) timer_.start(pause, [this] { attempt_or_wait(); });
}

void Retirement::finish(Clock::time_point deadline) {
    timer_.cancel();
    deadline_ = deadline;
    while (!attempt()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

bool Retirement::attempt() {
    std::string why;
    const ph_status status = generation_.quiesce(net::loop_time(deadline_), why);
    if (status == PH_E_BUSY && Clock::now() < deadline_) return false;
    if (status < 0) {
        generation_.drop_scheduled();
    } else {
        generation_.unload();
    }
    // May destroy this.
    const Over over = std::exchange(over_, nullptr);
    over(status < 0 ? base::format("did not quiesce: {}", why) : std::string());
    return true;
}

}  // namespace protohost::unit
