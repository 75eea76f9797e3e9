// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/socket_file.hpp"
#include "daemon/net/timer.hpp"
#include "daemon/net/tls_context.hpp"
#include "daemon/unit/binding.hpp"
#include "daemon/unit/connections.hpp"
#include "daemon/unit/loop_services.hpp"
#include "daemon/unit/shared.hpp"
#include "daemon/unit/snapshot.hpp"
#include "daemon/unit/unit_log.hpp"

namespace protohost::unit {

/// A socket that a unit has opened, for as long as the unit does not change.
struct BoundSocket {
    std::string unit;
    std::string key;  ///< Listener::socket_key(), Endpoint::socket_key()
    int descriptor = -1;
    net::SocketFile* file = nullptr;  ///< of a UNIX path
};

/// One running definition: its factory, and what it opened.
///
///     prepared --bind()--> bound (clients queue) --start()--> serving <--> (changed in place)
///         ^-prepare_again()- stopped <-- draining <--stop()--/
///
/// Everything that can fail happens in bind() or before; start(), stop() and what changes a unit
/// that serves have no error path. Stopped, it can be bound and started again.
class Unit : protected ConnectionsOwner, private net::Task {
public:
    virtual ~Unit();
    Unit(const Unit&) = delete;
    Unit& operator=(const Unit&) = delete;

    /// Opens every address of its own that is not open, or none and says why.
    virtual base::Errors bind() = 0;

    /// From here on it serves. The plugin is told first, so that whatever comes finds it ready.
    void start();

    /// Of one that is stopped: what it takes from here on it opens with start().
    void prepare_again() { state_ = State::prepared; }

    /// Nothing new is opened; each living connection is asked to finish, and aborted after the
    /// unit's drain timeout. `stopped` is called once, when the last is gone, never from inside
    /// this call. Asked again meanwhile, it tells each who asked.
    void stop(std::function<void()> stopped);

    /// Ends the draining at once.
    void abort_connections();

    /// Asks what lives now to finish, as stop() does; what is opened meanwhile is left alone.
    void drain();

    /// New connections get `next`, which may be nullptr for those that no plugin speaks to. Those
    /// that live keep what they have, and so does what the old factory opened, but for its servers;
    /// it is told that it was stopped.
    void use(std::shared_ptr<Binding> next);

    /// New connections are made with `context`; nullptr: without TLS. Those that live keep theirs.
    void secure(net::TlsContext::Pointer context) { tls_ = std::move(context); }
    const net::TlsContext::Pointer& tls() const { return tls_; }

    /// The sockets with an address of the unit's own that are open, by Listener::socket_key() or
    /// Endpoint::socket_key().
    virtual void collect_sockets(std::set<std::string>&) const {}
    /// What it has opened by itself, and could go to the next daemon.
    virtual void collect_bound(std::vector<BoundSocket>&) const {}

    /// What it says of itself.
    UnitSnapshot snapshot();
    void append_connections(std::vector<ConnectionSnapshot>& to);
    /// False: none of its living connections has that id.
    bool close_connection(const std::string& id, bool abort);

    /// What subprocesses have to do with each other; other units wait for nobody, nor anybody for
    /// them.
    virtual bool depends_on(const std::string& /*name*/) const { return false; }
    virtual bool satisfies() const { return false; }
    virtual void dependency_changed() {}

    /// How many of its connections would be drained by another factory, or other addresses.
    virtual std::size_t drained_by(bool /*factory*/, bool /*moved*/) const { return 0; }

    bool serving() const { return state_ == State::serving; }
    bool stopped() const { return state_ == State::stopped; }
    bool stopping() const { return state_ == State::draining; }

    /// Whether it does all that the daemon needs to be ready.
    virtual bool ready() const { return true; }
    /// Why it never will, or empty.
    virtual std::string given_up() const { return {}; }
    /// `changed` is called when one of the two has changed, after start().
    void on_readiness(std::function<void()> changed) { readiness_ = std::move(changed); }

    const std::string& name() const { return spec_.name; }
    /// "listener echo".
    const std::string& title() const { return log_.title(); }
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
    /// What its transports are called.
    virtual std::string_view what_it_has() const { return "connection"; }
    /// The rest of the snapshot: where, and how it is doing while it serves.
    virtual void describe(UnitSnapshot& snapshot) const = 0;
    /// Also for derived classes that have more to do when a connection ends.
    void connection_ended(const net::Transport& transport) override;

    /// Whether all has ended that close() did not end at once; who says no calls check_stopped()
    /// when it has.
    virtual bool closed() const { return true; }
    void check_stopped();

    /// The protocol of one connection. Below PH_OK the plugin failed, which protocol_failed()
    /// counts and logs, and the connection `whom` is not to be.
    ph_status make_protocol(ph_proto& protocol) const;
    void protocol_failed(std::string_view whom, ph_status status);

    void readiness_changed() const {
        if (readiness_) readiness_();
    }

    /// Limits, timeouts and buffers of `spec`, also of what is open; its `socket` for what is
    /// opened from now on.
    void retune(const model::UnitSpec& spec);

    /// Whether there is use for what it opens: not while it is stopped.
    bool wants_sockets() const { return state_ == State::prepared || serving(); }

    /// nullptr: no plugin has to do with it.
    const std::shared_ptr<Binding>& binding() const { return current_.binding; }

    const Shared shared_;
    model::UnitSpec spec_;
    const UnitLog log_;

private:
    enum class State { prepared, serving, draining, stopped };

    /// A factory, and what the loop does for it; neither where the unit has no plugin.
    struct Use {
        std::shared_ptr<Binding> binding;
        std::unique_ptr<LoopServices> services;

        bool idle() const { return services == nullptr || services->idle(); }
    };

    Use make_use(std::shared_ptr<Binding> binding);
    template <class F>
    void each_service(F&& function);
    void tell_started();
    void tell_stopped(const Use& use);
    /// Lets go of former factories that nothing uses any more.
    void run() override;

    net::TlsContext::Pointer tls_;
    std::uint64_t failed_factories_ = 0;  ///< make_protocol
    State state_ = State::prepared;

protected:
    Connections connections_;

private:
    Use current_;
    std::vector<Use> former_;
    net::Timer last_word_;
    std::function<void()> stopped_;
    std::function<void()> readiness_;
};

}  // namespace protohost::unit
