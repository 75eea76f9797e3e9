// SPDX-License-Identifier: MIT
#include "daemon/config/read_process.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/config/read_account.hpp"
#include "daemon/config/readers.hpp"
#include "daemon/config/shapes.hpp"
#include "daemon/config/writers.hpp"
#include "daemon/model/process.hpp"
#include "daemon/model/quantity.hpp"
#include "daemon/model/signal_names.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using kinds::Names;
using kinds::Strings;
using kinds::Variables;
using model::Node;

bool has_nul(std::string_view text) {
    return text.find('\0') != std::string_view::npos;
}

/// No program can be given a NUL character.
base::Result<std::string> read_argument(const Node& node) {
    auto text = model::read_string(node);
    if (!text || !has_nul(*text)) return text;
    return base::Errors{model::error_at(node, "a program cannot be given a NUL character")};
}

base::Result<Strings> read_command(const Node& node) {
    if (node.kind == Node::Kind::scalar) {
        return base::Errors{model::unexpected(node,
                                              "a list of the program and its arguments",
                                              "write [PROGRAM, ARGUMENT, ...], or use shell:")};
    }
    constexpr const char* hint = "write [PROGRAM, ARGUMENT, ...]";
    if (node.kind != Node::Kind::sequence) {
        return base::Errors{
            model::unexpected(node, "a list of the program and its arguments", hint)};
    }
    if (node.items.empty()) return base::Errors{model::error_at(node, "the list is empty", hint)};
    auto arguments = read_each(node, read_argument);
    if (arguments && arguments->front().empty()) {
        return base::Errors{
            model::error_at(node.items.front(), "the program has no name", "write its path")};
    }
    return arguments;
}

Node write_command(const Strings& arguments) {
    return write_each(arguments, write_text);
}

base::Result<std::string> read_shell(const Node& node) {
    if (node.kind == Node::Kind::sequence) {
        return base::Errors{
            model::unexpected(node, "a line for /bin/sh", "use command: for a list")};
    }
    auto line = read_argument(node);
    if (!line || line->find_first_not_of(" \t\n") != std::string::npos) return line;
    return base::Errors{model::error_at(node, "the line is empty", "write what the shell runs")};
}

constexpr std::array reserved{
    "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_USEC", "WATCHDOG_PID"};

/// What is wrong with the name of a variable, or nothing.
base::Errors check_variable(const model::Member& member) {
    const std::string where = model::to_string(member.key_place, member.value.path);
    const bool is_name =
        !member.key.empty() && member.key.find('=') == std::string::npos && !has_nul(member.key);
    if (!is_name) {
        return {{where,
                 base::format("{} is no name for a variable", model::quote(member.key)),
                 "it is not empty, and has no ="}};
    }
    if (std::find(reserved.begin(), reserved.end(), member.key) == reserved.end()) return {};
    return {{where,
             base::format("{} speaks to a service manager, and this is one", member.key),
             member.key == "NOTIFY_SOCKET" ? "use ready: {notify: true}" : "remove it"}};
}

base::Result<Variables> read_environment(const Node& node) {
    if (node.kind == Node::Kind::null) return Variables{};
    if (node.kind != Node::Kind::mapping) {
        return base::Errors{model::unexpected(
            node, "a mapping of variables to their values", "write {NAME: VALUE}")};
    }
    Variables variables;
    base::Errors errors;
    for (const model::Member& member : node.members) {
        base::append(errors, check_variable(member));
        auto value = read_argument(member.value);
        if (value) {
            variables.emplace(member.key, std::move(*value));
        } else if (member.value.kind == Node::Kind::null) {
            errors.push_back(
                model::unexpected(member.value,
                                  "a string",
                                  "write \"\" for an empty one, or leave the variable out"));
        } else {
            base::append(errors, value.error());
        }
    }
    if (!errors.empty()) return errors;
    return variables;
}

Node write_environment(const Variables& variables) {
    Node mapping;
    mapping.kind = Node::Kind::mapping;
    for (const auto& [name, value] : variables) {
        mapping.members.push_back({name, {}, write_text(value)});
    }
    return mapping;
}

base::Result<int> read_stop_signal(const Node& node) {
    constexpr std::string_view what = "a signal such as SIGTERM";
    if (node.kind != Node::Kind::scalar) return base::Errors{model::unexpected(node, what)};
    const auto signal = model::parse_signal(node.text);
    const bool named = signal && model::signal_name(*signal).starts_with("SIG");
    if (named && model::signal_name(*signal) != node.text) {
        return base::Errors{
            model::unexpected(node, what, base::format("write {}", model::signal_name(*signal)))};
    }
    if (named && model::ends_a_process(*signal)) return base::success(*signal);
    const auto names = model::signal_names();
    std::string hint = named ? base::format("{} does not end one", node.text)
                             : model::did_you_mean(node.text, {names.begin(), names.end()});
    return base::Errors{model::unexpected(node, what, std::move(hint))};
}

Node write_signal(const int& signal) {
    return write_text(model::signal_name(signal));
}

base::Result<int> read_child_descriptor(const Node& node) {
    constexpr int highest = 1023;
    const auto number = model::read_integer(node, 3, highest);
    if (!number) return number.error();
    return base::success(static_cast<int>(*number));
}

Node write_descriptor(const int& descriptor) {
    return write_count(static_cast<std::uint64_t>(descriptor));
}

base::Result<model::Located<std::string>> read_dependency(const Node& node) {
    if (node.kind == Node::Kind::scalar && is_name(node.text)) {
        return model::Located<std::string>{node.text, node.place};
    }
    return base::Errors{
        model::unexpected(node, "the name of a subprocess", std::string(name_rule))};
}

base::Result<Names> read_dependencies(const Node& node) {
    if (node.kind != Node::Kind::sequence) {
        const bool one = node.kind == Node::Kind::scalar && is_name(node.text);
        return base::Errors{model::unexpected(
            node,
            "a list of subprocesses",
            one ? base::format("write [{}]", node.text) : "write [NAME], or leave the key out")};
    }
    auto names = read_each(node, read_dependency);
    if (!names) return names;
    base::Errors repeated;
    for (std::size_t i = 0; i < names->size(); ++i) {
        const auto end = names->begin() + static_cast<std::ptrdiff_t>(i);
        if (std::find(names->begin(), end, (*names)[i]) == end) continue;
        repeated.push_back(
            model::error_at(node.items[i],
                            base::format("{} is listed twice", model::quote(node.items[i].text)),
                            "remove one"));
    }
    if (!repeated.empty()) return repeated;
    return names;
}

Node write_name(const model::Located<std::string>& name) {
    Node node = write_text(name.value);
    node.place = name.place;
    return node;
}

Node write_dependencies(const Names& names) {
    return write_each(names, write_name);
}

base::Result<model::Located<std::string>> read_located_account(const Node& node) {
    auto name = read_account(node);
    if (!name) return name.error();
    return model::Located<std::string>{std::move(*name), node.place};
}

constexpr std::string_view no_limit = "unlimited";

/// `read`, or the word for no limit at all.
template <class Read>
base::Result<std::uint64_t> read_limit(const Node& node, const Read& read) {
    if (node.kind == Node::Kind::scalar && node.text == no_limit) {
        return base::success(model::ProcessLimit::unlimited);
    }
    auto value = read(node);
    constexpr std::array words{"infinity", "infinite", "none", "never", "-1", "off"};
    const bool meant = std::find(words.begin(), words.end(), node.text) != words.end();
    if (value || !meant) return value;
    return base::Errors{model::unexpected(node, "a limit, or unlimited", "write unlimited")};
}

base::Result<std::uint64_t> read_limit_of_things(const Node& node) {
    return read_limit(node, read_count);
}

base::Result<std::uint64_t> read_limit_of_bytes(const Node& node) {
    return read_limit(node, model::read_size);
}

base::Result<std::uint64_t> read_limit_of_seconds(const Node& node) {
    return read_limit(node, [](const Node& written) -> base::Result<std::uint64_t> {
        const auto time = read_timeout_above_zero(written);
        if (!time) return time.error();
        if (*time % std::chrono::seconds(1) != std::chrono::nanoseconds(0)) {
            return base::Errors{model::unexpected(written, "whole seconds")};
        }
        return base::success(static_cast<std::uint64_t>(*time / std::chrono::seconds(1)));
    });
}

template <Node (*write)(const std::uint64_t&)>
Node write_limit(const std::uint64_t& limit) {
    return limit == model::ProcessLimit::unlimited ? write_word(no_limit) : write(limit);
}

Node write_seconds(const std::uint64_t& seconds) {
    return write_duration(std::chrono::seconds(seconds));
}

template <Node (*shape)()>
Node limit_shape() {
    return or_word(no_limit, shape());
}

}  // namespace

namespace kinds {

const Kind<Strings> command{read_command, write_command, command_shape};
const Kind<std::string> shell{read_shell, write_text, shell_shape};
const Kind<Variables> environment{read_environment, write_environment, environment_shape};
const Kind<int> stop_signal{read_stop_signal, write_signal, stop_signal_shape};
const Kind<int> child_descriptor{read_child_descriptor, write_descriptor, child_descriptor_shape};
const Kind<Names> dependencies{read_dependencies, write_dependencies, names_shape};
const Kind<model::Located<std::string>> located_account{
    read_located_account, write_name, account_shape};
const Kind<std::uint64_t> limit_of_things{
    read_limit_of_things, write_limit<write_count>, limit_shape<count_shape>};
const Kind<std::uint64_t> limit_of_bytes{
    read_limit_of_bytes, write_limit<write_size>, limit_shape<size_shape>};
const Kind<std::uint64_t> limit_of_seconds{
    read_limit_of_seconds, write_limit<write_seconds>, limit_shape<duration_above_zero_shape>};

}  // namespace kinds
}  // namespace protohost::config
