// SPDX-License-Identifier: MIT
#include "settings.hpp"

namespace exec {

namespace {

bool is_scalar(const protohost::Options& value) {
    try {
        value.as<std::string>();
        return true;
    } catch (const protohost::OptionError&) {
        return false;
    }
}

std::map<std::string, std::string> read_environment(const protohost::Options& options) {
    std::map<std::string, std::string> variables;
    const protohost::Options written = options["environment"];
    constexpr const char* expected = "expected a mapping of variables to their values";
    if (written && is_scalar(written)) written.reject(expected);
    for (std::size_t i = 0; i < written.size(); ++i) {
        const std::string name = written.key_at(i);
        if (name.empty() || name.find('=') != std::string::npos) {
            written.reject(expected);
        }
        variables[name] = written[name].as<std::string>();
    }
    return variables;
}

bool read_errors_to_client(const protohost::Options& options) {
    const auto errors = options.get<std::string>("errors");
    if (errors != "log" && errors != "client") options["errors"].reject("expected log or client");
    return errors == "client";
}

std::int64_t read_limit(const protohost::Options& options, const char* key) {
    const auto limit = options.get<std::int64_t>(key);
    if (limit < 0) options[key].reject("cannot be negative");
    return limit;
}

}  // namespace

Settings::Settings(const protohost::Options& options)
    : command(options.get<std::vector<std::string>>("command")),
      user(options.get<std::string>("user")),
      group(options.get<std::string>("group")),
      directory(options.get<std::string>("directory")),
      environment(read_environment(options)),
      errors_to_client(read_errors_to_client(options)),
      instances(read_limit(options, "instances")),
      per_second(read_limit(options, "per_second")),
      grace(options.get<std::chrono::nanoseconds>("grace")) {
    if (command.empty() || command.front().empty()) {
        options["command"].reject("expected a list of the program and its arguments");
    }
    if (!directory.empty() && directory.front() != '/') {
        options["directory"].reject("expected an absolute path");
    }
}

}  // namespace exec
