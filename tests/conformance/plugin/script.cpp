// SPDX-License-Identifier: MIT
#include "script.hpp"

#include <charconv>
#include <stdexcept>

namespace conformance {
namespace {

using protohost::Options;

std::string from_hex(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        unsigned value = 0;
        std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
        bytes += static_cast<char>(value);
    }
    return bytes;
}

/// Bytes that show when some are missing, doubled or moved. The runner makes the same ones.
std::string pattern(std::size_t from, std::size_t size) {
    std::string bytes;
    bytes.reserve(size);
    for (std::size_t i = from; i < from + size; ++i) bytes += static_cast<char>(7 * i + i / 256);
    return bytes;
}

std::string read_piece(const Options& piece) {
    if (piece["pattern"]) {
        const auto from = piece["from"] ? piece.get<std::size_t>("from") : 0;
        return pattern(from, piece.get<std::size_t>("pattern"));
    }
    const std::string once = from_hex(piece.get<std::string>("hex"));
    const auto times = piece["times"] ? piece.get<std::size_t>("times") : 1;
    std::string bytes;
    bytes.reserve(once.size() * times);
    for (std::size_t i = 0; i < times; ++i) bytes += once;
    return bytes;
}

Actions read_actions(const Options& list);

Action read_action(const Options& from) {
    Action action;
    action.verb = from.get<std::string>("verb");
    const Options data = from["data"];
    for (std::size_t i = 0; i < data.size(); ++i) action.data.push_back(read_piece(data.at(i)));
    if (from["name"]) action.name = from.get<std::string>("name");
    if (from["otherwise"]) action.otherwise = from.get<std::string>("otherwise");
    if (from["high"]) action.high = from.get<std::int64_t>("high");
    if (from["low"]) action.low = from.get<std::int64_t>("low");
    if (from["after"]) action.after = std::chrono::microseconds(from.get<std::int64_t>("after"));
    if (from["then"]) action.then = read_actions(from["then"]);
    return action;
}

Actions read_actions(const Options& list) {
    Actions actions;
    for (std::size_t i = 0; i < list.size(); ++i) actions.push_back(read_action(list.at(i)));
    return actions;
}

}  // namespace

Script::Script(const Options& options, bool of_datagrams)
    : buffers(options.get<int>("buffers")), datagrams(of_datagrams) {
    const Options script = options["script"];
    for (std::size_t i = 0; i < script.size(); ++i) {
        Role role;
        role.name = script.key_at(i) == "main" ? std::string() : script.key_at(i);
        const Options from = script.at(i);
        if (from["buffer"]) role.buffer = from.get<std::size_t>("buffer");
        const Options on = from["on"];
        for (std::size_t k = 0; k < on.size(); ++k) {
            const std::string when = on.key_at(k);
            if (when.starts_with("received ")) {
                role.received.emplace(std::stoul(when.substr(9)), read_actions(on.at(k)));
            } else if (when.starts_with("gate ")) {
                gates.emplace(when.substr(5), read_actions(on.at(k)));
            } else {
                role.on.emplace(when, read_actions(on.at(k)));
            }
        }
        roles.emplace(role.name, std::move(role));
    }
    if (!roles.contains("")) throw std::logic_error("the script has no role \"main\"");
}

}  // namespace conformance
