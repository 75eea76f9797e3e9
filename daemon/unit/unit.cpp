// SPDX-License-Identifier: MIT
#include "daemon/unit/unit.hpp"

#include <chrono>
#include <utility>

#include "daemon/model/quantity.hpp"
#include "daemon/net/loop_time.hpp"
#include "daemon/plugin/guard.hpp"

namespace protohost::unit {

Unit::Unit(const Shared& shared,
           model::UnitSpec spec,
           std::string title,
           std::shared_ptr<Binding> binding)
    : shared_(shared),
      spec_(std::move(spec)),
      binding_(std::move(binding)),
      title_(std::move(title)),
      connections_(shared.loop, spec_, title_, *this),
      services_(shared, spec_, title_, connections_, binding_, [this] { check_stopped(); }),
      drain_deadline_(shared.loop),
      last_word_(shared.loop) {}

void Unit::start() {
    services_.open();
    tell_started();
    open();
}

void Unit::tell_started() {
    const net::CallbackScope scope(shared_.loop);
    if (const ph_status status = binding_->factory().started(); status < 0) {
        log_.error("{}: plugin {}: started failed: {}; serving all the same",
                   title_,
                   binding_->plugin_name(),
                   plugin::failure_text(status));
    }
}

void Unit::stop(std::function<void()> stopped) {
    stopped_ = std::move(stopped);
    close();
    services_.close();
    if (!connections_.empty()) {
        log_.info("{}: draining {} connections, at most {}",
                  title_,
                  connections_.size(),
                  model::format_duration(spec_.timeouts.drain));
    }
    const auto deadline = std::chrono::steady_clock::now() + spec_.timeouts.drain;
    connections_.drain(net::loop_time(deadline));
    drain_deadline_.start(deadline, [this] { abort_connections(); });
    check_stopped();
}

void Unit::abort_connections() {
    if (!connections_.empty()) {
        log_.warn("{}: aborting {} connections that did not drain", title_, connections_.size());
    }
    connections_.abort();
    services_.cancel_all();
}

void Unit::connection_ended(const net::Transport&) {
    check_stopped();
}

void Unit::check_stopped() {
    if (!stopped_ || !connections_.empty() || !services_.idle()) return;
    drain_deadline_.cancel();
    last_word_.start(std::chrono::nanoseconds(0), std::exchange(stopped_, nullptr));
}

bool Unit::make_protocol(std::string_view whom, ph_proto& protocol) {
    const net::CallbackScope scope(shared_.loop);
    const ph_status status = binding_->factory().make_protocol(protocol);
    if (status >= 0) return true;
    log_.error("{}: {} closed: plugin {}: make_protocol failed: {}",
               title_,
               whom,
               binding_->plugin_name(),
               plugin::failure_text(status));
    return false;
}

}  // namespace protohost::unit
