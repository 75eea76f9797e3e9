// SPDX-License-Identifier: MIT
#include "daemon/run.hpp"

#include <cstdio>
#include <fcntl.h>
#include <functional>
#include <linux/capability.h>
#include <optional>
#include <string_view>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

#include "daemon/base/log.hpp"
#include "daemon/base/log_events.hpp"
#include "daemon/base/log_setup.hpp"
#include "daemon/base/passed_descriptors.hpp"
#include "daemon/base/service_notification.hpp"
#include "daemon/base/version.hpp"
#include "daemon/control/permissions.hpp"
#include "daemon/control/server.hpp"
#include "daemon/control/verbs.hpp"
#include "daemon/net/callback_watch.hpp"
#include "daemon/net/executor.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/orphan_watch.hpp"
#include "daemon/net/passed_sockets.hpp"
#include "daemon/net/resolver.hpp"
#include "daemon/plugin/describe.hpp"
#include "daemon/plugin/probe.hpp"
#include "daemon/supervisor/descriptor_store.hpp"
#include "daemon/supervisor/installation.hpp"
#include "daemon/supervisor/service.hpp"
#include "daemon/supervisor/signals.hpp"
#include "daemon/supervisor/supervisor.hpp"

namespace protohost {

namespace events = base::events;

namespace {

void print(std::FILE* to, std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), to);
    std::fputc('\n', to);
}

int report(supervisor::Refusal refusal, const base::Errors& errors) {
    base::print_errors(errors);
    return refusal == supervisor::Refusal::machine ? exit_machine : exit_configuration;
}

/// A daemon that serves connections wants all the descriptors it may have.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// What a service manager gives for ports below 1024 is for this process, not for what it starts.
void keep_low_ports_to_itself() {
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_NET_BIND_SERVICE, 0, 0);
}

/// Whoever was started without one of them would have a socket there, and programs that it starts
/// would write their errors to it.
void open_standard_descriptors() {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        // The lowest that is free: this one.
        if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) < 0) return;
    }
}

/// Everything that a process of ours consists of.
struct Daemon {
    explicit Daemon(const std::string& file, bool plugin_checks = false)
        : supervisor({loop, resolver, executor}, file, installation(plugin_checks)),
          verbs(loop, supervisor),
          control(loop, [this](const control::Call& call) { verbs.handle(call); }) {
        loop.set_executor(&executor);
        loop.set_orphan_watch(&orphans);
        if (!plugin_checks) return;
        watch.emplace(net::CallbackWatch::default_limit, [](const std::string& text) {
            base::Log("supervisor").warn({.id = events::loop_held}, "{}", text);
        });
        loop.set_callback_watch(&*watch);
    }

    static supervisor::Installation installation(bool plugin_checks) {
        auto found = supervisor::find_installation();
        found.plugin_checks = plugin_checks;
        return found;
    }

    net::OrphanWatch orphans;
    std::optional<net::CallbackWatch> watch;
    net::Loop loop;
    net::Resolver resolver{loop};
    net::Executor executor{loop};
    supervisor::Supervisor supervisor;
    control::Verbs verbs;
    control::Server control;
};

control::Permissions permissions(const model::Configuration& configuration, const base::Log& log) {
    base::Errors errors;
    auto found = control::Permissions::look_up(configuration.control, errors);
    for (const base::Error& error : errors) {
        log.error(base::place_of(error), "{}", base::to_string(error));
    }
    return found;
}

/// False: it was asked for by name, and cannot be had. The default's absence is no reason not to
/// serve: another daemon may have it.
bool open_control(Daemon& daemon, const base::Log& log) {
    const auto& configuration = *daemon.supervisor.configuration();
    const auto& socket = configuration.control.socket;
    const std::string where =
        socket ? model::to_string(socket->place, "control.socket") : "control.socket";
    const std::string path =
        socket ? socket->value : daemon.supervisor.installation().control_socket;
    const base::Errors errors = daemon.control.open(path, permissions(configuration, log), where);
    if (errors.empty()) return true;
    if (socket) {
        base::print_errors(errors);
        return false;
    }
    log.warn("{}; this daemon has no control socket", base::to_string(errors.front()));
    return true;
}

/// What the service manager has put into the environment for this process alone.
supervisor::Service::Settings take_service(const base::Log& log) {
    const auto watchdog = base::take_watchdog_interval();
    auto socket = base::ServiceSocket::take_from_environment();
    if (socket) return {.socket = std::move(*socket), .watchdog = watchdog};
    for (const base::Error& error : socket.error()) log.warn("{}", base::to_string(error));
    return {};
}

std::vector<base::PassedDescriptor> take_passed(const base::Log& log) {
    auto passed = base::take_passed_descriptors();
    if (passed) return std::move(*passed);
    for (const base::Error& error : passed.error()) log.warn("{}", base::to_string(error));
    return {};
}

int describe_plugin(const std::string& file, bool try_first) {
    auto staging =
        plugin::StagingDirectory::create_throw_away(supervisor::find_installation().trusted_owners);
    if (!staging) return report(supervisor::Refusal::machine, staging.error());
    const auto staged = (*staging)->stage(file);
    if (!staged) return report(supervisor::Refusal::configuration, staged.error());
    if (try_first) {
        const auto tried = plugin::probe({*staged, {}});
        if (!tried) return report(supervisor::Refusal::configuration, tried.error());
        for (const base::Error& warning : tried->warnings) {
            print(stderr, "warning: " + base::to_string(warning));
        }
    }
    const unit::Host host;
    const auto module = plugin::Module::open(*staged, host.table());
    if (!module) return report(supervisor::Refusal::configuration, module.error());
    std::fputs(plugin::describe(**module).c_str(), stdout);
    return exit_ok;
}

}  // namespace

int run_daemon(const std::string& file, bool plugin_checks) {
    open_standard_descriptors();
    raise_descriptor_limit();
    keep_low_ports_to_itself();
    const base::Log log("supervisor");
    auto service_settings = take_service(log);
    auto passed = take_passed(log);
    supervisor::DescriptorStore store(service_settings.socket.duplicate(), passed);
    Daemon daemon(file, plugin_checks);
    daemon.supervisor.keep_in(store);
    daemon.supervisor.take(net::PassedSockets(std::move(passed)));
    supervisor::Service service(daemon.loop, daemon.supervisor, std::move(service_settings));
    const auto end = [&daemon] { daemon.control.close([&daemon] { daemon.loop.stop(); }); };
    // Before anything starts: a signal meanwhile waits until the loop runs.
    supervisor::Signals signals(daemon.loop, daemon.supervisor, end);
    const supervisor::ReloadRecord start = daemon.supervisor.start();
    if (start.verdict == supervisor::Verdict::rejected) {
        if (!start.errors.empty()) service.failed(base::to_string(start.errors.front()));
        return report(start.refusal, start.errors);
    }
    if (!open_control(daemon, log)) return exit_machine;
    daemon.supervisor.on_commit([&] {
        daemon.control.set_permissions(permissions(*daemon.supervisor.configuration(), log));
    });

    int exit_code = exit_ok;
    daemon.supervisor.when_ready(
        [&] {
            log.info({.id = events::ready},
                     "protohostd {} serves {}, units: {}",
                     base::version,
                     file,
                     daemon.supervisor.units());
            service.ready();
        },
        [&](const std::string& why) {
            log.error({.id = events::cannot_start},
                      "cannot start: what is required is not there: {}",
                      why);
            exit_code = exit_machine;
            daemon.supervisor.stop(end);
            service.failed(why);
        });
    daemon.loop.run();
    log.info({.id = events::stopped}, "stopped");
    return exit_code;
}

int check_configuration(const std::string& file) {
    Daemon daemon(file);
    supervisor::Refusal refusal = supervisor::Refusal::none;
    const auto plan = daemon.supervisor.check(refusal);
    if (!plan) return report(refusal, plan.error());
    print(stdout, file + ": the configuration is good");
    return exit_ok;
}

int dump_plugin(const std::string& file) {
    return describe_plugin(file, false);
}

int check_plugin(const std::string& file) {
    return describe_plugin(file, true);
}

}  // namespace protohost
