// SPDX-License-Identifier: MIT
#include "daemon/config/opening.hpp"

#include <algorithm>

#include "daemon/base/format.hpp"

namespace protohost::config {

bool Opening::is(std::initializer_list<Way> ways) const {
    return std::find(ways.begin(), ways.end(), way) != ways.end();
}

bool Opening::has(std::initializer_list<model::Address::Kind> kinds) const {
    const auto fits = [&](const model::Address& address) {
        return std::find(kinds.begin(), kinds.end(), address.kind) != kinds.end();
    };
    return addresses.empty() || std::any_of(addresses.begin(), addresses.end(), fits);
}

void refuse_idle_keys(Section& section, std::span<const Rule> rules, const Opening& opening) {
    for (const Rule& rule : rules) {
        if (rule.fits(opening)) continue;
        section.refuse(rule.key, base::format("has no effect here: {}", rule.reason), "remove it");
    }
}

}  // namespace protohost::config
