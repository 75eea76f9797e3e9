// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/error.hpp"
#include "daemon/base/log.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/executor.hpp"
#include "daemon/net/passed_sockets.hpp"
#include "daemon/net/timer.hpp"
#include "daemon/plugin/staging.hpp"
#include "daemon/supervisor/attempt.hpp"
#include "daemon/supervisor/certificate_watch.hpp"
#include "daemon/supervisor/installation.hpp"
#include "daemon/supervisor/observer.hpp"
#include "daemon/supervisor/plan.hpp"
#include "daemon/supervisor/snapshot.hpp"
#include "daemon/supervisor/stop_order.hpp"
#include "daemon/unit/endpoint.hpp"
#include "daemon/unit/generations.hpp"
#include "daemon/unit/host.hpp"
#include "daemon/unit/listener.hpp"
#include "daemon/unit/shared.hpp"
#include "daemon/unit/unit.hpp"

namespace protohost::supervisor {

/// Makes the running units what the configuration says. All [loop].
class Supervisor {
public:
    Supervisor(const unit::Shared& shared, std::string file, Installation installation);
    ~Supervisor();
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;

    /// What the service manager has passed; before start(), which closes what no unit takes.
    void take(net::PassedSockets passed) { passed_ = std::move(passed); }

    /// Where its sockets are left for the next daemon; before start(), which takes back what the
    /// one before has left. It outlives this.
    void keep_in(DescriptorStore& store) { store_ = &store; }

    /// A unit has opened or closed sockets.
    void sockets_changed();

    /// The first start: a reload from the empty configuration, with the caller waiting.
    ReloadRecord start();

    /// The same, stopped before bind: safe beside a running daemon. `refusal` says whose fault
    /// errors are.
    base::Result<Plan> check(Refusal& refusal);

    using Reloaded = std::function<void(const ReloadRecord& record)>;

    /// load -> check -> plan -> prepare -> bind, on a thread of its own, and commit here. A failure
    /// before commit changes nothing, and commit has no failure. One runs at a time; whatever is
    /// asked for meanwhile, or within ten milliseconds of its beginning, is one more, which reads
    /// the files anew. `done` is called once, never from inside.
    void reload(std::string asked_by, Reloaded done);

    /// What reload() would do now. Touches nothing.
    void diff(std::string asked_by, Reloaded done);

    /// The generation of the plugin that ran before comes back, with the running configuration.
    void roll_back(std::string plugin, std::string asked_by, Reloaded done);

    /// Stops accepting, and lets connections finish within the drain timeouts of their units.
    /// `stopped` is called once, when the last is gone. Asked again: connections are aborted.
    void stop(std::function<void()> stopped);

    /// `ready` is called once, when everything that is `required` is open: from inside when it is
    /// so already. `failed` where that can no more be, with the reason.
    void when_ready(std::function<void()> ready, std::function<void(std::string why)> failed);

    /// `committed` is called after each reload that was applied.
    void on_commit(std::function<void()> committed) { committed_ = std::move(committed); }

    /// nullptr: nobody. It outlives this, or is unset before it goes.
    void set_observer(Observer* observer) { observer_ = observer; }

    /// False: there is no connection of that id. As its transport's close() or abort().
    bool close_connection(const std::string& id, bool abort);

    /// nullptr: no such unit.
    unit::Unit* find(const std::string& name);
    /// Opens a stopped unit again: its addresses on the thread of the reloads, in turn with them.
    /// A record that is not rejected says that it serves.
    void start_unit(std::string name, std::string asked_by, Reloaded done);

    /// How much there is, in a sentence's worth.
    struct Totals {
        std::size_t units = 0;
        std::size_t connections = 0;  ///< of units that drain, too
        std::string awaited;          ///< "endpoint feed", the first that is not ready, or empty
    };
    Totals totals() const;

    Snapshot snapshot();
    std::vector<unit::ConnectionSnapshot> connections();
    /// Of all units, sorted by their names, in the order of the configuration.
    std::vector<CertificateStatus> certificates() const;
    std::vector<unit::GenerationStatus> generations() const { return generations_.list(); }
    /// nullptr before the first start.
    const std::shared_ptr<const model::Configuration>& configuration() const { return running_; }
    const RunningPlugins& plugins() const { return plugins_; }
    /// What it was made of.
    const Source& source() const { return source_; }
    const Installation& installation() const { return installation_; }
    std::size_t units() const { return units_.size(); }

    /// For tests: see Attempt::Means::fault.
    void set_fault(std::function<base::Errors(std::string_view step)> fault) {
        fault_ = std::move(fault);
    }

private:
    using Units = std::map<std::string, std::unique_ptr<unit::Unit>>;
    /// What changes hands in a commit.
    struct Sockets {
        unit::Listener::SocketTable listening;
        unit::Endpoint::SocketTable datagrams;
    };

    struct Request {
        std::string asked_by;
        Reloaded done;
    };
    /// An attempt, and who waits for it.
    struct Job;

    Running running() const;
    Attempt::Means means();
    void enqueue(std::unique_ptr<Job> job, Request request);
    void begin_next();
    void begin();
    void finish(const net::Executor::Outcome& outcome);
    void describe(const Attempt& attempt, bool good, ReloadRecord& record) const;
    /// `event` is what a good one is called in the log.
    ReloadRecord conclude(Attempt& attempt, bool good, ReloadRecord record, std::string_view event);
    void commit(Attempt& attempt);
    void open_again(Attempt& attempt);
    Sockets take_sockets(Attempt& attempt);
    void release(const UnitId& id,
                 const Attempt& attempt,
                 const std::set<std::string>& taken_over,
                 Sockets& sockets);
    static std::optional<unit::Endpoint::OpenSocket> take_datagrams(const model::EndpointSpec& spec,
                                                                    Attempt::PreparedUnit& prepared,
                                                                    Sockets& sockets);
    void change(const model::Configuration& desired,
                Attempt::PreparedUnit& prepared,
                Sockets& sockets);
    void add(const model::Configuration& desired,
             Attempt::PreparedUnit& prepared,
             Sockets& sockets);
    std::unique_ptr<unit::Unit> make(const model::Configuration& desired,
                                     Attempt::PreparedUnit& prepared,
                                     Sockets& sockets);
    void leave(std::unique_ptr<unit::Unit> unit);
    void tell_generations();
    /// Of what was passed, what no unit has.
    void close_unclaimed();
    std::vector<unit::BoundSocket> bound_sockets() const;
    /// Of the units whose context is another one, or that are gone.
    void take_contexts(const Attempt& attempt);
    void replace_context(const std::string& unit,
                         const net::TlsContext::Pointer& former,
                         const net::TlsContext::Pointer& next);
    void keep_refused(const Attempt& attempt, bool good);
    void log(const ReloadRecord& record, std::string_view event) const;

    void unit_stopped();
    void readiness_changed();
    void check_ready();
    /// Whether a subprocess is what those wait for that depend on it.
    bool satisfies(const std::string& name) const;

    const unit::Shared shared_;
    std::string file_;
    Installation installation_;
    unit::Host host_;
    base::Log log_{"supervisor"};
    std::unique_ptr<plugin::StagingDirectory> staging_;
    unit::Generations generations_;
    std::shared_ptr<const model::Configuration> running_;
    Source source_;
    RunningPlugins plugins_;
    TlsContexts contexts_;
    RefusedPlugins refused_;
    net::PassedSockets passed_;
    DescriptorStore* store_ = nullptr;
    bool committing_ = false;
    Units units_;
    /// Removed by a reload, and not yet empty.
    std::vector<std::unique_ptr<unit::Unit>> leaving_;
    StopOrder stop_order_;
    std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
    std::deque<ReloadRecord> history_;
    std::uint64_t reloads_ = 0;
    std::array<std::uint64_t, 3> counts_{};  ///< by Verdict
    std::vector<std::string> restart_pending_;
    std::function<base::Errors(std::string_view)> fault_;
    /// The first is under way, or waits for pause_.
    std::deque<std::unique_ptr<Job>> jobs_;
    base::Descriptor stop_;  ///< an eventfd, for what runs beside the loop
    std::chrono::steady_clock::time_point reload_began_{};  ///< of the last one
    net::Timer pause_;
    std::size_t stopping_ = 0;
    std::function<void()> stopped_;
    std::function<void()> committed_;
    Observer* observer_ = nullptr;
    std::function<void()> ready_;
    std::function<void(std::string)> failed_;
    CertificateWatch certificates_;
    /// One thread; last, so that no attempt is under way when the rest goes.
    net::Executor worker_;
};

}  // namespace protohost::supervisor
