// SPDX-License-Identifier: MIT
#include "daemon/config/decode_pauses.hpp"

#include "daemon/base/format.hpp"
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

constexpr Kind<double> jitter{read_jitter, write_number, fraction_shape};

}  // namespace

void decode_pauses(Section& section, const PauseKeys& keys, Pauses into, Report& report) {
    bool right = true;
    const auto read_pause = [&](const keys::Key& key, std::chrono::nanoseconds& pause) {
        right = section.read(key, pause, kinds::timeout_above_zero) ||
                (section.find(key) == nullptr && right);
    };
    read_pause(keys.initial, into.initial);
    read_pause(keys.max, into.max);
    section.read(keys.jitter, into.jitter, jitter);
    if (!right || into.initial <= into.max) return;
    const Node* const max = section.find(keys.max);
    report.add(max != nullptr ? *max : *section.find(keys.initial),
               base::format("max ({}) is below initial ({})",
                            model::format_duration(into.max),
                            model::format_duration(into.initial)),
               "set max to at least initial");
}

}  // namespace protohost::config
