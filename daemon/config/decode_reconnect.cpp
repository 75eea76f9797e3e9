// SPDX-License-Identifier: MIT
#include "daemon/config/decode_reconnect.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "daemon/base/format.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/kinds.hpp"
#include "daemon/model/quantity.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using model::Node;

base::Result<double> read_jitter(const Node& node) {
    auto value = model::read_number(node);
    if (value && *value >= 0 && *value <= 1) return value;
    return base::Errors{model::unexpected(node, "a number from 0 to 1")};
}

bool means_never(const std::string& text) {
    constexpr std::array words{"0", "no", "none", "off", "false"};
    return std::find(words.begin(), words.end(), text) != words.end();
}

constexpr Kind<double> jitter{read_jitter, write_number, fraction_shape};

model::Reconnect decode_pauses(Section section, Report& report) {
    model::Reconnect pauses;
    bool right = true;
    const auto read_pause = [&](const keys::Key& key, std::chrono::nanoseconds& into) {
        right = section.read(key, into, kinds::timeout_above_zero) ||
                (section.find(key) == nullptr && right);
    };
    read_pause(keys::reconnect::initial, pauses.initial);
    read_pause(keys::reconnect::max, pauses.max);
    section.read(keys::reconnect::jitter, pauses.jitter, jitter);
    section.finish();
    if (!right || pauses.initial <= pauses.max) return pauses;
    const Node* const max = section.find(keys::reconnect::max);
    report.add(max != nullptr ? *max : *section.find(keys::reconnect::initial),
               base::format("max ({}) is below initial ({})",
                            model::format_duration(pauses.max),
                            model::format_duration(pauses.initial)),
               "set max to at least initial");
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
    return decode_pauses(unit.section(key, what), report);
}

}  // namespace protohost::config
