// SPDX-License-Identifier: MIT
#include <cstdio>
#include <exception>
#include <string>

#include <CLI/CLI.hpp>

#include "daemon/base/log_setup.hpp"
#include "daemon/base/version.hpp"
#include "daemon/config/schema.hpp"
#include "daemon/first_process.hpp"
#include "daemon/net/orphan_watch.hpp"
#include "daemon/net/tls_memory.hpp"
#include "daemon/run.hpp"
#include "daemon/supervisor/installation.hpp"
#include "daemon/supervisor/signals.hpp"
#include "daemon/unit/probe_child.hpp"

namespace {

int run(int argc, char** argv) {
    using namespace protohost;

    supervisor::Signals::ignore_until_handled();
    net::TlsMemory::serve_openssl();
    base::look_for_journal();
    CLI::App app("Serves protocol plugins as a YAML configuration defines them.", "protohostd");
    std::string file = supervisor::find_installation().configuration_file;
    std::string plugin;
    std::string tried;
    bool check = false;
    bool schema = false;
    bool plugin_checks = false;
    bool probe = false;
    std::string orphans;
    app.add_option("-c,--config", file, "The configuration; conf.d/*.yaml beside it belongs to it")
        ->capture_default_str();
    auto* check_flag =
        app.add_flag("--check", check, "Check configuration and plugins, change nothing, and exit");
    app.add_option("--dump-plugin", plugin, "Print what a plugin file is, and exit")
        ->excludes(check_flag);
    app.add_flag("--schema", schema, "Print the JSON Schema of the configuration, and exit")
        ->excludes(check_flag);
    app.add_option("--check-plugin", tried, "Try a plugin file in a process of its own, and exit")
        ->excludes(check_flag);
    app.add_flag("--plugin-checks",
                 plugin_checks,
                 "Name plugins that hold the loop, or call it on another thread: for trying them");
    // For the daemon itself: an empty group is not shown.
    app.add_flag("--probe", probe)->group("");
    app.add_option("--bury-orphans-of", orphans)->group("");
    app.set_version_flag("--version", "protohostd " + std::string(base::version));
    app.footer(
        "Exit codes: 0 done; 1 an address or a directory cannot be had; 2 usage;\n"
        "78 the configuration or a plugin must be mended.\n"
        "Signals: SIGHUP reloads; SIGUSR1 opens log.file anew, for it was moved away;\n"
        "SIGTERM and SIGINT stop gracefully, a second one at once.");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_ok : exit_usage;
    }
    if (!orphans.empty()) return net::bury_orphans(orphans.c_str());
    if (probe) return unit::run_probe();
    if (schema) {
        std::fputs(config::schema({}).c_str(), stdout);
        return exit_ok;
    }
    if (!plugin.empty()) return dump_plugin(plugin);
    if (!tried.empty()) return check_plugin(tried);
    if (check) return check_configuration(file);
    if (const auto code = run_as_first_process()) return *code;
    return run_daemon(file, plugin_checks);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& exception) {
        std::fprintf(stderr, "protohostd: %s\n", exception.what());
        return protohost::exit_machine;
    }
}
