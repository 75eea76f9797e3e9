// SPDX-License-Identifier: MIT
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "ctl/commands.hpp"
#include "daemon/base/version.hpp"
#include "daemon/model/value.hpp"

namespace {

using namespace ctl;

/// The commands for subprocesses alone.
void add_subprocess(CLI::App& app, Options& options, Command& command) {
    const auto verb = [&](const char* name, const char* help, Command run) {
        CLI::App* const added = app.add_subcommand(name, help);
        added->callback([&command, run] { command = run; });
        added->add_option("unit", options.unit)->required();
        return added;
    };
    verb("restart", "Stops the process of a subprocess, and starts it again", restart_unit);
    verb("signal", "Sends its process a signal", send_signal)
        ->add_option("signal", options.signal, "SIGHUP, HUP, 1")
        ->required();
    auto* tail =
        verb("tail", "The last of what a subprocess without a protocol has written", show_tail);
    tail->add_option("-n,--lines", options.lines, "How many lines")
        ->capture_default_str()
        ->check(CLI::Range(0, 100000));
    tail->add_flag("-f,--follow", options.follow, "And what it writes from now on, until Ctrl-C");
}

/// The commands that ask a running daemon.
void add_remote(CLI::App& app, Options& options, Command& command) {
    const auto verb = [&](CLI::App& parent, const char* name, const char* help, Command run) {
        CLI::App* const added = parent.add_subcommand(name, help);
        added->callback([&command, run] { command = run; });
        return added;
    };
    auto* status = verb(app, "status", "Units, generations, reloads, on one screen", show_status);
    status->add_flag("--watch", options.watch, "Again every second, until Ctrl-C");
    verb(app,
         "list",
         "listeners, endpoints, subprocesses, connections, plugins, generations or certificates",
         list)
        ->add_option("what", options.what)
        ->required()
        ->check(CLI::IsMember({"listeners",
                               "endpoints",
                               "subprocesses",
                               "connections",
                               "plugins",
                               "generations",
                               "certificates"}));
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
    verb(app, "start", "Opens a stopped unit again; starts a process that has ended", start_unit)
        ->add_option("unit", options.unit)
        ->required();
    add_subprocess(app, options, command);

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
    set->add_option("--for", options.level_for, "Then back to what held before: 30s, 5m, 2h");

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

/// What is wrong with a number of seconds to wait, or nothing.
std::string is_patience(const std::string& text) {
    constexpr double longest = 365 * 86400;
    double seconds = -1;
    if (CLI::detail::lexical_cast(text, seconds) && seconds >= 0 && seconds <= longest) return {};
    return protohost::model::quote(text) + " is no number of seconds from 0 to 31536000";
}

/// Says which word is no command; false where there is none that could have been one.
bool say_unknown_command(const CLI::App& app) {
    const auto words = app.remaining(/*recurse=*/true);
    const CLI::App* group = &app;
    while (!group->get_subcommands().empty()) group = group->get_subcommands().front();
    const auto known = group->get_subcommands([](const CLI::App*) { return true; });
    if (words.empty() || words.front().starts_with('-') || known.empty()) return false;
    std::vector<std::string> names;
    names.reserve(known.size());
    for (const CLI::App* each : known) names.push_back(each->get_name());
    const std::string meant =
        protohost::model::did_you_mean(words.front(), {names.begin(), names.end()});
    std::cerr << "protohostctl: there is no command " << protohost::model::quote(words.front())
              << " (" << (meant.empty() ? "see protohostctl --help" : meant) << ")\n";
    return true;
}

int run(int argc, char** argv) {
    CLI::App app("Looks after a running protohostd.", "protohostctl");
    Options options;
    Command command = nullptr;
    options.socket = default_socket();
    app.add_option("--socket", options.socket, "The daemon's control socket")
        ->capture_default_str()
        ->take_last();
    app.add_option("--timeout", options.timeout, "Seconds to wait for an answer; 0: for ever")
        ->capture_default_str()
        ->take_last()
        ->check(is_patience);
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
        if (error.get_exit_code() != 0 && say_unknown_command(app)) return exit_usage;
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
