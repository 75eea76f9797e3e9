// SPDX-License-Identifier: MIT
#include <exception>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include "ctl/commands.hpp"
#include "daemon/base/version.hpp"

namespace {

using namespace ctl;

/// The commands that ask a running daemon.
void add_remote(CLI::App& app, Options& options, Command& command) {
    const auto verb = [&](CLI::App& parent, const char* name, const char* help, Command run) {
        CLI::App* const added = parent.add_subcommand(name, help);
        added->callback([&command, run] { command = run; });
        return added;
    };
    auto* status = verb(app, "status", "Units, generations, reloads, on one screen", show_status);
    status->add_flag("--watch", options.watch, "Again every second, until Ctrl-C");
    verb(app, "list", "listeners, endpoints, connections, plugins or generations", list)
        ->add_option("what", options.what)
        ->required()
        ->check(CLI::IsMember({"listeners", "endpoints", "connections", "plugins", "generations"}));
    verb(app, "show", "One unit and its connections", show_unit)
        ->add_option("unit", options.unit)
        ->required();
    verb(app, "reload", "Reads the configuration anew; returns when it serves", reload);
    verb(app, "diff", "What a reload would change; changes nothing", diff);
    verb(app, "drain", "Asks the living connections of a unit to finish", drain)
        ->add_option("unit", options.unit)
        ->required();
    verb(app, "stop", "Closes a unit until it is started; returns when it has drained", stop_unit)
        ->add_option("unit", options.unit)
        ->required();
    verb(app, "start", "Opens a stopped unit again", start_unit)
        ->add_option("unit", options.unit)
        ->required();

    auto* connection = app.add_subcommand("connection", "One connection")->require_subcommand(1);
    auto* close = verb(*connection, "close", "Ends it; what waits is sent first", close_connection);
    close->add_option("id", options.id, "As in list connections")->required();
    close->add_flag("--abort", options.abort, "What waits is dropped");

    auto* log = app.add_subcommand("log", "Levels of the log")->require_subcommand(1);
    auto* set = verb(*log,
                     "set",
                     "AREA=LEVEL, whatever the configuration says; LEVEL default undoes it",
                     set_level);
    set->add_option("area=level", options.level)->required();
    set->add_option("--for", options.level_for, "Then back to the configuration's: 30s, 5m, 2h");

    auto* config = app.add_subcommand("config", "The configuration")->require_subcommand(1);
    auto* shown = verb(
        *config, "show", "What holds, defaults included, and where it is from", show_configuration);
    shown->add_flag("--effective", options.effective, "Every key: the only way it is shown so far");
    verb(
        app, "schema", "JSON Schema of the configuration, with the options of its plugins", schema);
    verb(app, "version", "Of protohostctl and of the daemon", version);
}

void add_plugin(CLI::App& app, Options& options, Command& command) {
    auto* plugin = app.add_subcommand("plugin", "Plugins")->require_subcommand(1);
    const auto verb = [&](const char* name, const char* help, Command run) {
        CLI::App* const added = plugin->add_subcommand(name, help);
        added->callback([&command, run] { command = run; });
        return added;
    };
    verb("list", "All generations, and who holds them", list_generations);
    verb("rollback", "Back to the generation that ran before", roll_back)
        ->add_option("plugin", options.plugin)
        ->required();
    verb("new", "A folder with a plugin that builds and passes its test", new_plugin)
        ->add_option("name", options.plugin)
        ->required();
    verb(
        "check", "Tries a plugin file in a process of its own, and prints what it is", check_plugin)
        ->add_option("file", options.plugin)
        ->required();
}

int run(int argc, char** argv) {
    CLI::App app("Looks after a running protohostd.", "protohostctl");
    Options options;
    Command command = nullptr;
    options.socket = default_socket();
    app.add_option("--socket", options.socket, "The daemon's control socket")
        ->capture_default_str();
    app.add_option("--timeout", options.timeout, "Seconds to wait for an answer; 0: for ever")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    app.add_flag("--json", options.json, "The answer as JSON");
    app.set_version_flag("--version", "protohostctl " + std::string(protohost::base::version));
    app.require_subcommand(1);
    app.fallthrough();
    add_remote(app, options, command);
    add_plugin(app, options, command);
    auto* check = app.add_subcommand("check", "What protohostd --check says of a configuration");
    check->add_option("--config", options.config, "The configuration's file");
    check->callback([&command] { command = check_configuration; });
    app.footer(
        "Exit codes: 0 done, or nothing to do; 1 refused, nothing was changed; 2 usage;\n"
        "3 done, but a setting waits for a restart; 4 no answer in time; 5 no daemon there;\n"
        "6 not permitted; 78 (check) the configuration or a plugin must be mended.");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_done : exit_usage;
    }
    return command(options);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& exception) {
        std::cerr << "protohostctl: " << exception.what() << "\n";
        return exit_refused;
    }
}
