// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/base/error.hpp"
#include "daemon/base/log.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/timer.hpp"
#include "daemon/unit/binding.hpp"
#include "daemon/unit/connections.hpp"
#include "daemon/unit/loop_services.hpp"
#include "daemon/unit/shared.hpp"

namespace protohost::unit {

/// One running definition: its factory, and what it opened.
///
///     prepared --bind()--> bound (clients queue) --start()--> serving --stop()--> draining -->
///     stopped
///
/// Everything that can fail happens in bind() or before; start() and stop() have no error path.
class Unit : protected ConnectionsOwner {
public:
    virtual ~Unit() = default;
    Unit(const Unit&) = delete;
    Unit& operator=(const Unit&) = delete;

    /// Opens every address of its own, or none and says why.
    virtual base::Errors bind() = 0;

    /// From here on it serves. The plugin is told first, so that whatever comes finds it ready.
    void start();

    /// Nothing new is opened; each living connection is asked to finish, and aborted after the
    /// unit's drain timeout. `stopped` is called once, when the last is gone, never from inside
    /// this call.
    void stop(std::function<void()> stopped);

    /// Ends the draining at once.
    void abort_connections();

    /// Whether it does all that the daemon needs to be ready.
    virtual bool ready() const { return true; }
    /// Why it never will, or empty.
    virtual std::string given_up() const { return {}; }
    /// `changed` is called when one of the two has changed, after start().
    void on_readiness(std::function<void()> changed) { readiness_ = std::move(changed); }

    const std::string& name() const { return spec_.name; }
    /// "listener echo".
    const std::string& title() const { return title_; }
    std::size_t connections() const { return connections_.size(); }

protected:
    Unit(const Shared& shared,
         model::UnitSpec spec,
         std::string title,
         std::shared_ptr<Binding> binding);

    /// Begins to accept, to connect, to read.
    virtual void open() = 0;
    /// Ends what would bring further connections.
    virtual void close() = 0;
    /// Also for derived classes that have more to do when a connection ends.
    void connection_ended(const net::Transport& transport) override;

    /// The protocol of one connection with `whom`; false: the plugin failed, which was logged.
    bool make_protocol(std::string_view whom, ph_proto& protocol);

    void readiness_changed() const {
        if (readiness_) readiness_();
    }

    const Shared shared_;
    const model::UnitSpec spec_;
    const std::shared_ptr<Binding> binding_;
    const base::Log log_{"unit"};

private:
    void tell_started();
    void check_stopped();

    std::string title_;

protected:
    Connections connections_;

private:
    LoopServices services_;
    net::Timer drain_deadline_;
    net::Timer last_word_;
    std::function<void()> stopped_;
    std::function<void()> readiness_;
};

}  // namespace protohost::unit
