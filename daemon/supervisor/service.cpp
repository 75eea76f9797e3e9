// SPDX-License-Identifier: MIT
#include "daemon/supervisor/service.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "daemon/base/counted.hpp"
#include "daemon/base/format.hpp"
#include "daemon/base/utf8.hpp"

namespace protohost::supervisor {

using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC, as MONOTONIC_USEC= is

namespace {

std::chrono::microseconds::rep microseconds(Clock::duration duration) {
    return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

/// For one line of `systemctl status`. The manager reads datagrams of 4096 bytes.
std::string one_line(std::string_view text) {
    constexpr std::size_t most = 1000;
    std::string line = base::printable(text);
    if (line.size() <= most) return line;
    line.resize(most);
    line.resize(std::min(base::find_invalid_utf8(line), most));
    return line + "...";
}

std::string describe(const ReloadRecord& record) {
    std::string text = base::format("; reload {} {}", record.number, to_string(record.verdict));
    if (record.errors.empty()) return text;
    text += ": " + base::to_string(record.errors.front());
    const std::size_t more = record.errors.size() - 1;
    if (more > 0) text += base::format(" (and {})", base::counted(more, "more error"));
    return text;
}

}  // namespace

Service::Service(net::Loop& loop, Supervisor& supervisor, Settings settings)
    : supervisor_(supervisor),
      settings_(std::move(settings)),
      watchdog_(loop),
      status_(loop),
      extension_(loop) {
    if (!settings_.socket) return;
    supervisor_.set_observer(this);
    status_.start(std::chrono::nanoseconds(0), [this] { look_at_status(); });
    if (settings_.watchdog) {
        watchdog_.start(std::chrono::nanoseconds(0), [this] { feed_watchdog(); });
    }
}

Service::~Service() {
    if (settings_.socket) supervisor_.set_observer(nullptr);
}

void Service::ready() {
    if (state_ != State::starting) return;
    state_ = State::serving;
    settings_.socket.send("READY=1" + with_status());
}

void Service::failed(const std::string& why) {
    settings_.socket.send("STATUS=" + one_line("Failed: " + why));
    status_.cancel();
}

void Service::reload_began() {
    // Who is not ready yet would say so with the READY=1 that comes after the reload.
    if (state_ != State::serving) return;
    reloading_ = true;
    settings_.socket.send(base::format("RELOADING=1\nMONOTONIC_USEC={}",
                                       microseconds(Clock::now().time_since_epoch())) +
                          with_status());
}

void Service::reload_ended(const ReloadRecord& record) {
    last_reload_ = describe(record);
    // Whatever came of it: it serves, with the old configuration or the new one.
    if (std::exchange(reloading_, false) && state_ == State::serving) {
        settings_.socket.send("READY=1" + with_status());
    }
}

void Service::stop_began() {
    state_ = State::stopping;
    settings_.socket.send("STOPPING=1" + with_status());
    ask_for_time();
}

void Service::feed_watchdog() {
    settings_.socket.send("WATCHDOG=1");
    watchdog_.start(*settings_.watchdog / 2, [this] { feed_watchdog(); });
}

void Service::ask_for_time() {
    settings_.socket.send(
        base::format("EXTEND_TIMEOUT_USEC={}", microseconds(settings_.extension_period) * 3));
    extension_.start(settings_.extension_period, [this] { ask_for_time(); });
}

void Service::look_at_status() {
    std::string text = status();
    if (text != told_) {
        told_ = std::move(text);
        settings_.socket.send_or_drop("STATUS=" + told_);
    }
    status_.start(settings_.status_period, [this] { look_at_status(); });
}

std::string Service::with_status() {
    if (!settings_.socket) return {};
    told_ = status();
    return "\nSTATUS=" + told_;
}

std::string Service::status() const {
    const Supervisor::Totals totals = supervisor_.totals();
    const std::string connections = base::counted(totals.connections, "connection");
    if (state_ == State::stopping) return base::format("Stopping: {} left", connections);
    const std::string has =
        base::format("{}, {}", base::counted(totals.units, "unit"), connections);
    if (state_ == State::starting) {
        if (totals.awaited.empty()) return "Starting";
        return one_line(base::format("Starting: {}; waits for {}", has, totals.awaited));
    }
    return one_line(
        base::format("{}: {}{}", reloading_ ? "Reloading" : "Serving", has, last_reload_));
}

}  // namespace protohost::supervisor
