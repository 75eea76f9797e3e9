// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/base/log_file.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/datagram_socket.hpp"
#include "daemon/net/listening_socket.hpp"
#include "daemon/plugin/staging.hpp"
#include "daemon/supervisor/descriptor_store.hpp"
#include "daemon/supervisor/installation.hpp"
#include "daemon/supervisor/plan.hpp"
#include "daemon/supervisor/plugin_set.hpp"
#include "daemon/supervisor/snapshot.hpp"
#include "daemon/supervisor/tls_contexts.hpp"
#include "daemon/unit/binding.hpp"
#include "daemon/unit/process_identity.hpp"

namespace protohost::supervisor {

/// What a configuration was made of.
struct Source {
    /// All files put together: what was written, and where. nullptr: nothing yet.
    std::shared_ptr<const model::Node> written;
    std::string digest;  ///< sha256 of what was read, hexadecimal
};

/// What runs, as a reload finds it.
struct Running {
    /// nullptr: nothing yet, this is the first start.
    std::shared_ptr<const model::Configuration> configuration;
    Source source;
    RunningPlugins plugins;
    /// The sockets that are open, by unit::Listener::socket_key() or unit::Endpoint::socket_key().
    std::set<std::string> sockets;
    TlsContexts contexts;
};

/// A reload up to its commit, away from the loop:
///
///     load -> check -> plan -> prepare -> bind
///
/// Code that is new is tried in a process of its own in prepare, and comes into this one at the end
/// of bind, when nothing that a file or an address can have is wrong any more: what was mapped may
/// have to stay.
///
/// Whatever fails, what runs has not been touched, and what was opened here goes with this object.
/// What was loaded can outlive it: see loaded().
class Attempt {
public:
    /// How far to go.
    enum class Goal {
        plan,     ///< what would happen, and nothing of it
        prepare,  ///< `--check`: everything but addresses
        bind      ///< everything
    };

    /// What attempts are made with. All of it outlives them; one attempt at a time.
    struct Means {
        std::string file;
        const Installation& installation;
        unit::Generations& generations;
        const RefusedPlugins& refused;
        /// Made by the first attempt that wants plugins, in the folder that its configuration says.
        std::unique_ptr<plugin::StagingDirectory>& staging;
        /// What systemd:NAME names.
        net::PassedSockets& passed;
        bool probes = true;
        /// Readable where nobody waits for what this finds out any more; -1: never.
        int stop = -1;
        /// Called before each step, and before each unit and address within one; what it returns is
        /// as if the step had failed with it. For tests that fail every step in turn.
        std::function<base::Errors(std::string_view step)> fault = {};
        /// What an earlier daemon has left open, at the first start; nullptr: nothing.
        DescriptorStore* kept = nullptr;
        /// Called at the end of bind, before code of plugins comes into this process.
        std::function<base::Errors(const model::Configuration&, const plugin::StagingDirectory&)>
            opened = {};
    };

    /// One unit that is new or has changed.
    struct PreparedUnit {
        UnitId id;
        bool added = false;
        Change change{};
        std::shared_ptr<unit::Binding> binding{};  ///< where the factory is a new one
        /// By unit::Listener::socket_key().
        std::map<std::string, std::vector<net::ListeningSocket>> listening{};
        std::optional<net::DatagramSocket> datagrams{};
        net::TlsContext::Pointer tls{};  ///< where it is another one; nullptr: no TLS any more
        std::optional<unit::ProcessIdentity> identity{};  ///< where it is another process
    };

    Attempt(Means means, Running running);

    /// Goes as far as `goal`; false: refused, and errors() say why.
    bool run(Goal goal);

    /// Instead of reading the file: what runs, with the plugin's earlier generation.
    bool run_rollback(const std::string& plugin);

    /// Instead of reading the file: opens what one unit of the running configuration needs to start
    /// again, and changes nothing else.
    bool run_start(const std::string& unit);

    /// False.
    bool refuse(Refusal refusal, base::Errors errors);

    Refusal refusal() const { return refusal_; }
    const base::Errors& errors() const { return errors_; }
    const Plan& plan() const { return plan_; }

    /// After a refusal: what the next one need not load again.
    std::vector<RefusedPlugins::Loaded> loaded() const;

    // After run(Goal::bind), for the commit.
    const std::shared_ptr<const model::Configuration>& configuration() const { return desired_; }
    const Source& source() const { return source_; }
    RunningPlugins plugins() const { return plugins_->in_use(); }
    const TlsContexts& contexts() const { return tls_.contexts; }
    bool has_new_context(const std::string& unit) const { return tls_.changed.contains(unit); }
    std::vector<PreparedUnit>& units() { return units_; }
    /// nullptr where it is the same, or none.
    std::unique_ptr<base::LogFile> take_log_file() { return std::move(log_file_); }

private:
    bool load();
    bool check();
    bool make_plan();
    /// Not for a rollback: going back is what relieves.
    bool check_draining();
    bool prepare(Goal goal);
    bool bind();

    /// Makes the new factories that are not there yet; of plugins that are not in this process only
    /// where it may load them.
    bool configure(bool may_load);

    /// False where a test wants the step to fail.
    bool step(std::string_view name);
    bool opens_log() const;
    bool open_log();
    std::string place_of_log() const;
    bool open_staging();
    void open_workshop();
    base::Errors look_up_accounts();
    /// nullopt: no plugin has to do with it.
    std::optional<PluginSet::Wanted> wanted(const UnitId& id) const;
    std::vector<PluginSet::Wanted> all_wanted() const;
    base::Errors open(PreparedUnit& unit) const;
    base::Errors open_listening(PreparedUnit& unit) const;
    base::Errors open_datagrams(PreparedUnit& unit) const;
    void keep_what_is_wanted() const;
    base::Result<std::vector<net::ListeningSocket>> listening(const model::ListenerSpec& spec,
                                                              std::size_t entry,
                                                              const std::string& where) const;
    base::Result<net::DatagramSocket> datagrams(const model::EndpointSpec& spec) const;
    base::Errors find_identities();

    Means means_;
    Running running_;
    std::shared_ptr<const model::Configuration> desired_;
    Source source_;
    std::vector<std::string> directories_;
    std::optional<PluginSet> plugins_;
    DesiredTls tls_;
    Plan plan_;
    std::vector<PreparedUnit> units_;
    std::unique_ptr<base::LogFile> log_file_;
    Refusal refusal_ = Refusal::none;
    base::Errors errors_;
};

}  // namespace protohost::supervisor
