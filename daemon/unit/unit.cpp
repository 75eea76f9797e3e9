// SPDX-License-Identifier: MIT
#include "daemon/unit/unit.hpp"

#include <chrono>
#include <utility>

#include "daemon/base/counted.hpp"
#include "daemon/base/log_events.hpp"
#include "daemon/model/quantity.hpp"
#include "daemon/plugin/guard.hpp"

namespace protohost::unit {

namespace events = base::events;

Unit::Unit(const Shared& shared,
           model::UnitSpec spec,
           std::string title,
           std::shared_ptr<Binding> binding)
    : shared_(shared),
      spec_(std::move(spec)),
      log_(std::move(title)),
      connections_(shared.loop, spec_, log_.title(), *this),
      current_(make_use(std::move(binding))),
      last_word_(shared.loop) {}

Unit::~Unit() = default;

Unit::Use Unit::make_use(std::shared_ptr<Binding> binding) {
    if (binding == nullptr) return {};
    auto services = std::make_unique<LoopServices>(
        shared_, spec_, title(), connections_, tls_, binding, [this] { check_stopped(); });
    return {std::move(binding), std::move(services)};
}

void Unit::start() {
    state_ = State::serving;
    if (current_.services != nullptr) current_.services->open();
    tell_started();
    open();
}

template <class F>
void Unit::each_service(F&& function) {
    if (current_.services != nullptr) function(*current_.services);
    for (const Use& use : former_) {
        if (use.services != nullptr) function(*use.services);
    }
}

void Unit::tell_started() {
    if (binding() == nullptr) return;
    const net::CallbackScope scope(shared_.loop);
    if (const ph_status status = binding()->factory().started(); status < 0) {
        log_.error(binding()->about(events::plugin_fault),
                   "plugin {}: started failed: {}; serving all the same",
                   binding()->plugin_name(),
                   plugin::failure_text(status));
    }
}

void Unit::tell_stopped(const Use& use) {
    if (use.binding == nullptr) return;
    const net::CallbackScope scope(shared_.loop);
    if (const ph_status status = use.binding->factory().stopped(); status < 0) {
        log_.error(use.binding->about(events::plugin_fault),
                   "plugin {}: stopped failed: {}",
                   use.binding->plugin_name(),
                   plugin::failure_text(status));
    }
}

void Unit::use(std::shared_ptr<Binding> next) {
    Use& former = former_.emplace_back(std::exchange(current_, make_use(std::move(next))));
    if (state_ != State::serving) return run();
    if (current_.services != nullptr) current_.services->open();
    if (former.services != nullptr) former.services->close_servers();
    tell_stopped(former);
    tell_started();
    // Another reload, or the end of a connection, may have asked for it in this turn.
    if (!is_linked()) shared_.loop.call_soon(*this);
}

void Unit::run() {
    // Besides us and its services nobody holds it: no connection, nothing under way.
    std::erase_if(former_, [](const Use& use) {
        return use.binding == nullptr || (use.idle() && use.binding.use_count() == 2);
    });
}

void Unit::retune(const model::UnitSpec& spec) {
    spec_.write_buffer = spec.write_buffer;
    spec_.timeouts = spec.timeouts;
    spec_.limits = spec.limits;
    spec_.socket = spec.socket;
    spec_.stop_signal = spec.stop_signal;
    connections_.retune();
}

void Unit::drain() {
    const auto deadline = std::chrono::steady_clock::now() + spec_.timeouts.drain;
    connections_.drain(deadline);
}

void Unit::stop(std::function<void()> stopped) {
    if (stopping()) {
        // Whoever asked before is told too.
        stopped_ = [first = std::move(stopped_), second = std::move(stopped)] {
            first();
            second();
        };
        return;
    }
    stopped_ = std::move(stopped);
    state_ = State::draining;
    close();
    tell_stopped(current_);
    each_service([](LoopServices& services) { services.close(); });
    if (!connections_.empty()) {
        log_.info({},
                  "draining {}, at most {}",
                  base::counted(connections_.size(), what_it_has()),
                  model::format_duration(spec_.timeouts.drain));
    }
    const auto deadline = std::chrono::steady_clock::now() + spec_.timeouts.drain;
    connections_.drain(deadline);
    check_stopped();
}

void Unit::abort_connections() {
    if (!connections_.empty()) {
        log_.warn({}, "aborting {}", base::counted(connections_.size(), what_it_has()));
    }
    connections_.abort();
    each_service([](LoopServices& services) { services.cancel_all(); });
}

void Unit::connection_ended(const net::Transport&) {
    check_stopped();
}

void Unit::check_stopped() {
    // In a later step: whoever ended is still on the stack, and holds its factory.
    if (!former_.empty() && !is_linked()) shared_.loop.call_soon(*this);
    if (!stopped_ || !connections_.empty() || !current_.idle() || !closed()) return;
    for (const Use& use : former_) {
        if (!use.idle()) return;
    }
    state_ = State::stopped;
    last_word_.start(std::chrono::nanoseconds(0), std::exchange(stopped_, nullptr));
}

ph_status Unit::make_protocol(ph_proto& protocol) const {
    const net::CallbackScope scope(shared_.loop);
    return binding()->factory().make_protocol(protocol);
}

void Unit::protocol_failed(std::string_view whom, ph_status status) {
    ++failed_factories_;
    log_.error(binding()->about(events::plugin_fault),
               "{} closed: plugin {}: make_protocol failed: {}",
               whom,
               binding()->plugin_name(),
               plugin::failure_text(status));
}

}  // namespace protohost::unit
