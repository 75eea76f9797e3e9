// SPDX-License-Identifier: MIT
#include "daemon/supervisor/daemon.hpp"

#include <csignal>
#include <cstdio>
#include <functional>
#include <string_view>
#include <sys/resource.h>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "daemon/base/service_notification.hpp"
#include "daemon/base/version.hpp"
#include "daemon/net/executor.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/resolver.hpp"
#include "daemon/plugin/describe.hpp"
#include "daemon/supervisor/supervisor.hpp"

namespace protohost::supervisor {

namespace {

namespace asio = boost::asio;

void print(std::FILE* to, std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), to);
    std::fputc('\n', to);
}

int report(const Outcome& outcome) {
    for (const base::Error& error : outcome.errors) print(stderr, base::to_string(error));
    return outcome.refusal == Refusal::machine ? exit_machine : exit_configuration;
}

/// A daemon that serves connections wants all the descriptors it may have.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// SIGTERM and SIGINT stop the daemon, twice at once. SIGHUP must not kill it.
class Signals {
public:
    Signals(asio::io_context& io, Supervisor& supervisor)
        : io_(io),
          signals_(io, SIGTERM, SIGINT, SIGHUP),
          supervisor_(supervisor),
          log_("supervisor") {
        std::signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error code, not a signal
        wait();
    }

private:
    void wait() {
        signals_.async_wait([this](const boost::system::error_code& error, int signal) {
            if (error) return;
            received(signal);
            wait();
        });
    }
    void received(int signal) {
        if (signal == SIGHUP) {
            log_.warn(
                "SIGHUP: this version cannot reload; restart to apply a changed configuration");
            return;
        }
        log_.info("{}: {}",
                  signal == SIGTERM ? "SIGTERM" : "SIGINT",
                  std::exchange(stopping_, true) ? "aborting what has not ended" : "stopping");
        base::notify_service("STOPPING=1");
        supervisor_.stop([this] { io_.stop(); });
    }

    asio::io_context& io_;
    asio::signal_set signals_;
    Supervisor& supervisor_;
    base::Log log_;
    bool stopping_ = false;
};

}  // namespace

int run_daemon(const std::string& file) {
    raise_descriptor_limit();
    asio::io_context io(1);
    net::Loop loop(io);
    net::Resolver resolver(loop);
    net::Executor executor(loop);
    loop.set_executor(&executor);
    Supervisor supervisor({loop, resolver, executor}, file, find_installation());
    // Before anything starts: a signal meanwhile waits until the loop runs.
    Signals signals(io, supervisor);
    if (const Outcome outcome = supervisor.reload(); !outcome) return report(outcome);

    const base::Log log("supervisor");
    int exit_code = exit_ok;
    supervisor.when_ready(
        [&] {
            log.info("protohostd {} serves {}, units: {}", base::version, file, supervisor.units());
            base::notify_service("READY=1");
        },
        [&](const std::string& why) {
            log.error("cannot start: a required endpoint is not open: {}", why);
            exit_code = exit_machine;
            supervisor.stop([&io] { io.stop(); });
        });
    io.run();
    log.info("stopped");
    return exit_code;
}

int check_configuration(const std::string& file) {
    asio::io_context io(1);
    net::Loop loop(io);
    net::Resolver resolver(loop);
    net::Executor executor(loop);
    Supervisor supervisor({loop, resolver, executor}, file, find_installation());
    if (const Outcome outcome = supervisor.check(); !outcome) return report(outcome);
    print(stdout, file + ": the configuration is good");
    return exit_ok;
}

int dump_plugin(const std::string& file) {
    auto staging = plugin::StagingDirectory::create_throw_away(find_installation().trusted_owners);
    if (!staging) return report({Refusal::machine, staging.error()});
    const auto staged = (*staging)->stage(file);
    if (!staged) return report({Refusal::configuration, staged.error()});
    const unit::Host host;
    const auto module = plugin::Module::open(*staged, host.table());
    if (!module) return report({Refusal::configuration, module.error()});
    std::fputs(plugin::describe(**module).c_str(), stdout);
    return exit_ok;
}

}  // namespace protohost::supervisor
