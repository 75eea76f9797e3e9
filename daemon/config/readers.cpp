// SPDX-License-Identifier: MIT
#include "daemon/config/readers.hpp"

#include <algorithm>
#include <sys/un.h>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using model::Node;

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// read_choice for an enumeration whose values count up from zero as `words` do.
template <class Enumeration>
base::Result<Enumeration> read_enumeration(const Node& node,
                                           const std::vector<std::string_view>& words) {
    const auto index = model::read_choice(node, words);
    if (!index) return index.error();
    return static_cast<Enumeration>(*index);
}

base::Result<model::Located<model::Address>> read_address(const Node& node) {
    constexpr std::string_view what = "an address such as tcp://127.0.0.1:7007";
    if (node.kind != Node::Kind::scalar) return base::Errors{model::unexpected(node, what)};
    std::string problem;
    const auto address = model::parse_address(node.text, problem);
    if (!address) return base::Errors{model::unexpected(node, what, std::move(problem))};
    return model::Located<model::Address>{*address, node.place};
}

/// Applies `reader` to every item; all of the errors, or all of the values.
template <class Reader>
auto read_each(const Node& list, const Reader& reader) {
    std::vector<typename decltype(reader(list))::value_type> values;
    base::Errors errors;
    for (const Node& item : list.items) {
        auto value = reader(item);
        if (value) {
            values.push_back(std::move(*value));
        } else {
            base::append(errors, value.error());
        }
    }
    using Values = decltype(values);
    return errors.empty() ? base::Result<Values>(std::move(values))
                          : base::Result<Values>(std::move(errors));
}

}  // namespace

bool is_name(std::string_view text) {
    const auto fits = [](char c) { return is_alphanumeric(c) || c == '_' || c == '-' || c == '.'; };
    return !text.empty() && text.size() <= 64 && text[0] != '-' && text[0] != '.' &&
           std::all_of(text.begin(), text.end(), fits);
}

base::Result<model::Located<std::string>> read_path(const Node& node) {
    const bool text = node.kind == Node::Kind::scalar;
    if (!text || !node.text.starts_with('/')) {
        const bool shell = text && (node.text.starts_with('~') || node.text.starts_with('$'));
        return base::Errors{
            model::unexpected(node,
                              "an absolute path",
                              shell ? "~ and $ are not expanded; begin with /" : "begin with /")};
    }
    if (node.text.find('\0') != std::string::npos) {
        return base::Errors{model::error_at(node, "a path cannot hold a NUL character")};
    }
    return model::Located<std::string>{node.text, node.place};
}

base::Result<model::Located<std::string>> read_socket_path(const Node& node) {
    constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
    auto path = read_path(node);
    if (path && path->value.size() > longest) {
        return base::Errors{model::error_at(
            node,
            base::format(
                "the path is {} bytes long, a socket's may have {}", path->value.size(), longest),
            "choose a shorter one")};
    }
    return path;
}

base::Result<std::vector<std::string>> read_directories(const Node& node) {
    if (node.kind != Node::Kind::sequence) {
        return base::Errors{model::unexpected(node, "a list of absolute paths", "write [/path]")};
    }
    auto paths = read_each(node, read_path);
    if (!paths) return paths.error();
    std::vector<std::string> directories;
    for (auto& path : *paths) {
        if (std::find(directories.begin(), directories.end(), path.value) == directories.end()) {
            directories.push_back(std::move(path.value));
        }
    }
    return directories;
}

base::Result<base::Level> read_level(const Node& node) {
    std::vector<std::string_view> words;
    for (int i = 0; i <= static_cast<int>(base::Level::off); ++i) {
        words.push_back(base::to_string(static_cast<base::Level>(i)));
    }
    return read_enumeration<base::Level>(node, words);
}

base::Result<base::LogFormat> read_log_format(const Node& node) {
    return read_enumeration<base::LogFormat>(node, {"text", "json"});
}

base::Result<model::WriteBuffer::Policy> read_policy(const Node& node) {
    return read_enumeration<model::WriteBuffer::Policy>(node, {"abort", "refuse"});
}

base::Result<std::chrono::nanoseconds> read_timeout(const Node& node) {
    auto value = model::read_duration(node);
    if (value && *value > std::chrono::hours(24 * 365)) {
        return base::Errors{model::unexpected(node, "at most 365d")};
    }
    return value;
}

base::Result<model::Located<model::ProtocolName>> read_protocol(const Node& node) {
    constexpr std::string_view what = "a protocol such as echo, or plugin/factory";
    if (node.kind != Node::Kind::scalar) return base::Errors{model::unexpected(node, what)};
    const std::size_t slash = node.text.find('/');
    model::ProtocolName name{node.text.substr(0, slash), ""};
    if (slash != std::string::npos) name.factory = node.text.substr(slash + 1);
    const bool file = node.text.ends_with(".so");
    const bool right =
        is_name(name.plugin) && (slash == std::string::npos || is_name(name.factory));
    if (file || !right) {
        return base::Errors{model::unexpected(
            node,
            what,
            file ? "the plugin's name, not its file; where it is searched say plugins.directories"
                 : std::string(name_rule))};
    }
    return model::Located<model::ProtocolName>{std::move(name), node.place};
}

base::Result<std::vector<model::Located<model::Address>>> read_addresses(const Node& node) {
    constexpr std::string_view what = "an address such as tcp://127.0.0.1:7007, or a list of them";
    if (node.kind == Node::Kind::sequence && !node.items.empty()) {
        return read_each(node, read_address);
    }
    if (node.kind == Node::Kind::sequence) {
        return base::Errors{
            model::error_at(node, "an empty list of addresses", "a listener needs at least one")};
    }
    if (node.kind != Node::Kind::scalar) return base::Errors{model::unexpected(node, what)};
    auto address = read_address(node);
    if (!address) return address.error();
    return std::vector{std::move(*address)};
}

}  // namespace protohost::config
