// SPDX-License-Identifier: MIT
#include "daemon/config/readers.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using model::Node;

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

base::Result<std::uint64_t> read_count_from(std::int64_t least, const Node& node) {
    const auto value = model::read_integer(node, least, std::numeric_limits<std::int32_t>::max());
    if (!value) return value.error();
    return base::success(static_cast<std::uint64_t>(*value));
}

}  // namespace

bool is_name(std::string_view text) {
    const auto fits = [](char c) { return is_alphanumeric(c) || c == '_' || c == '-' || c == '.'; };
    return !text.empty() && text.size() <= 64 && text[0] != '-' && text[0] != '.' &&
           std::all_of(text.begin(), text.end(), fits);
}

base::Result<Node> read_node(const Node& node) {
    return node;
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
    constexpr std::size_t longest = model::longest_unix_path;
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

base::Result<std::vector<model::Located<std::string>>> read_directories(const Node& node) {
    if (node.kind != Node::Kind::sequence) {
        return base::Errors{model::unexpected(node, "a list of absolute paths", "write [/path]")};
    }
    auto paths = read_each(node, read_path);
    if (!paths) return paths.error();
    std::vector<model::Located<std::string>> directories;
    for (auto& path : *paths) {
        if (std::find(directories.begin(), directories.end(), path) == directories.end()) {
            directories.push_back(std::move(path));
        }
    }
    return directories;
}

base::Result<std::uint64_t> read_count(const Node& node) {
    return read_count_from(0, node);
}

base::Result<std::uint64_t> read_count_above_zero(const Node& node) {
    return read_count_from(1, node);
}

base::Result<std::chrono::nanoseconds> read_timeout(const Node& node) {
    auto value = model::read_duration(node);
    if (value && *value > std::chrono::hours(24 * 365)) {
        return base::Errors{model::unexpected(node, "at most 365d")};
    }
    return value;
}

base::Result<std::chrono::nanoseconds> read_timeout_above_zero(const Node& node) {
    auto value = read_timeout(node);
    if (value && value->count() == 0) {
        return base::Errors{model::unexpected(node, "a duration above 0")};
    }
    return value;
}

base::Result<std::chrono::nanoseconds> read_timeout_or_none(const Node& node) {
    constexpr std::array words{"never", "none", "off", "no", "infinite", "infinity"};
    const bool word = std::find(words.begin(), words.end(), node.text) != words.end();
    if (!word) return read_timeout(node);
    return base::Errors{model::unexpected(node, "a duration such as 30s", "write 0 for never")};
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

}  // namespace protohost::config
