// SPDX-License-Identifier: MIT
#include "daemon/config/decode_reconnect.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "daemon/config/decode_pauses.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using model::Node;

bool means_never(const std::string& text) {
    constexpr std::array words{"0", "no", "none", "off", "false"};
    return std::find(words.begin(), words.end(), text) != words.end();
}

model::Reconnect decode_mapping(Section section, Report& report) {
    model::Reconnect pauses;
    decode_pauses(section,
                  {keys::reconnect::initial, keys::reconnect::max, keys::reconnect::jitter},
                  {pauses.initial, pauses.max, pauses.jitter},
                  report);
    section.finish();
    return pauses;
}

}  // namespace

std::optional<model::Reconnect> decode_reconnect(Section& unit, Report& report) {
    constexpr std::string_view what = "never, or a mapping of initial, max and jitter";
    const keys::Key& key = keys::endpoint::reconnect;
    if (unit.read_word(key, "never")) return std::nullopt;
    const Node* const node = unit.find(key);
    if (node != nullptr && means_never(node->text)) {
        report.add(node->place, model::unexpected(*node, what, "write never"));
        return model::Reconnect{};
    }
    return decode_mapping(unit.section(key, what), report);
}

}  // namespace protohost::config
