// SPDX-License-Identifier: MIT
#include "ctl/commands.hpp"

#include <chrono>
#include <functional>
#include <iostream>
#include <optional>
#include <thread>
#include <unistd.h>

#include "ctl/print.hpp"
#include "daemon/base/counted.hpp"
#include "daemon/base/version.hpp"
#include "daemon/control/client.hpp"
#include "daemon/model/quantity.hpp"
#include "daemon/supervisor/installation.hpp"

namespace ctl {

using protohost::control::Client;

namespace {

using Printer = std::function<std::string(const Json& result)>;

Client client_of(const Options& options) {
    const auto patience = std::chrono::duration<double>(options.timeout);
    return {options.socket, std::chrono::ceil<std::chrono::milliseconds>(patience)};
}

int report(Client::Failure failure, const Client& client, const Options& options) {
    const Json& error = client.error();
    if (options.json) {
        std::cout << Json{{"error", error}}.dump() << "\n";
    } else {
        std::cerr << errors_text(error);
        std::cerr << "protohostctl: " << error["message"].get<std::string>() << "\n";
    }
    switch (failure) {
        case Client::Failure::timeout:
            return exit_timeout;
        case Client::Failure::unreachable:
        case Client::Failure::broken:
            return exit_unreachable;
        default:
            return error["code"] == "denied" ? exit_denied : exit_refused;
    }
}

void print(const Json& result, const Options& options, const Printer& printer) {
    std::cout << (options.json ? result.dump() + "\n" : printer(result)) << std::flush;
}

/// Asks once, and prints the answer.
int ask(const Options& options, const char* verb, const Json& arguments, const Printer& printer) {
    Client client = client_of(options);
    Json result;
    const auto failure = client.ask(verb, arguments, result);
    if (failure != Client::Failure::none) return report(failure, client, options);
    print(result, options, printer);
    const auto restart = result.find("restart");
    const bool pending = restart != result.end() && !restart->empty();
    return pending ? exit_restart_pending : exit_done;
}

std::string nothing(const Json&) {
    return {};
}

}  // namespace

std::string default_socket() {
    namespace supervisor = protohost::supervisor;
    const std::string own = supervisor::find_installation().control_socket;
    const std::string service(supervisor::service_control_socket);
    // Who looks after the service of a machine is seldom its user.
    const bool no_daemon_of_mine = ::access(own.c_str(), F_OK) != 0;
    return no_daemon_of_mine && ::access(service.c_str(), F_OK) == 0 ? service : own;
}

int show_status(const Options& options) {
    Client client = client_of(options);
    for (;;) {
        Json result;
        const auto failure = client.ask("status", {{"connections", options.json}}, result);
        if (failure != Client::Failure::none) return report(failure, client, options);
        if (options.watch && !options.json && ::isatty(STDOUT_FILENO) == 1) {
            std::cout << "\033[H\033[2J";
        }
        print(result, options, status_text);
        if (!options.watch) return exit_done;
        std::this_thread::sleep_for(std::chrono::seconds(1));
    }
}

int list(const Options& options) {
    const Printer printer = options.what == "connections"    ? connections_text
                            : options.what == "certificates" ? certificates_text
                            : options.what == "plugins" || options.what == "generations"
                                ? generations_text
                                : units_text;
    return ask(options, "list", {{"what", options.what}}, printer);
}

int list_generations(const Options& options) {
    return ask(options, "list", {{"what", "generations"}}, generations_text);
}

int show_unit(const Options& options) {
    return ask(options, "show", {{"unit", options.unit}}, unit_text);
}

int reload(const Options& options) {
    return ask(options, "reload", Json::object(), [](const Json& result) {
        return record_text(result, false);
    });
}

int diff(const Options& options) {
    return ask(options, "diff", Json::object(), [](const Json& result) {
        return record_text(result, true);
    });
}

int roll_back(const Options& options) {
    return ask(options, "roll_back", {{"plugin", options.plugin}}, [](const Json& result) {
        return record_text(result, false);
    });
}

int drain(const Options& options) {
    return ask(options, "drain", {{"unit", options.unit}}, [](const Json& result) {
        const auto count = result["connections"].get<std::size_t>();
        return protohost::base::counted(count, "connection") +
               (count == 1 ? " is asked to finish\n" : " are asked to finish\n");
    });
}

int stop_unit(const Options& options) {
    return ask(options, "stop", {{"unit", options.unit}}, nothing);
}

int start_unit(const Options& options) {
    return ask(options, "start", {{"unit", options.unit}}, nothing);
}

int restart_unit(const Options& options) {
    return ask(options, "restart", {{"unit", options.unit}}, nothing);
}

int send_signal(const Options& options) {
    return ask(options, "signal", {{"unit", options.unit}, {"signal", options.signal}}, nothing);
}

int show_tail(const Options& options) {
    Client client = client_of(options);
    Json arguments{{"unit", options.unit}, {"lines", options.lines}};
    for (;;) {
        Json result;
        const auto failure = client.ask("tail", arguments, result);
        if (failure != Client::Failure::none) return report(failure, client, options);
        const bool news = result["skipped"] != 0 || !result["text"].get<std::string>().empty();
        if (news || !options.follow) print(result, options, tail_text);
        if (!options.follow) return exit_done;
        arguments = {{"unit", options.unit}, {"after", result["end"]}};
        std::this_thread::sleep_for(std::chrono::milliseconds(250));
    }
}

int close_connection(const Options& options) {
    return ask(
        options, "close_connection", {{"id", options.id}, {"abort", options.abort}}, nothing);
}

int set_level(const Options& options) {
    const auto equals = options.level.find('=');
    if (equals == std::string::npos || equals == 0) {
        std::cerr << "protohostctl: log set takes AREA=LEVEL, plugin.echo=debug for instance\n";
        return exit_usage;
    }
    Json arguments{{"area", options.level.substr(0, equals)},
                   {"level", options.level.substr(equals + 1)}};
    if (!options.level_for.empty()) {
        const auto time = protohost::model::parse_duration(options.level_for);
        if (!time || time->count() <= 0) {
            std::cerr << "protohostctl: --for takes a duration: 30s, 5m, 2h\n";
            return exit_usage;
        }
        arguments["seconds"] = std::chrono::duration<double>(*time).count();
    }
    return ask(options, "set_level", arguments, nothing);
}

int show_configuration(const Options& options) {
    return ask(options, "configuration", Json::object(), [](const Json& result) {
        return result["text"].get<std::string>();
    });
}

int schema(const Options& options) {
    return ask(options, "schema", Json::object(), [](const Json& result) {
        return result.dump(2) + "\n";
    });
}

int version(const Options& options) {
    Client client = client_of(options);
    Json result;
    const auto failure = client.ask("version", Json::object(), result);
    Json versions{{"protohostctl", protohost::base::version}};
    if (failure == Client::Failure::none) {
        versions["protohostd"] = result["version"];
        versions["abi"] = result["abi"];
    }
    print(versions, options, [](const Json& found) {
        std::string text;
        for (const auto& [name, value] : found.items()) {
            text += name + " " + value.get<std::string>() + "\n";
        }
        return text;
    });
    return failure == Client::Failure::none ? exit_done : report(failure, client, options);
}

}  // namespace ctl
