// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "daemon/config/keys.hpp"
#include "daemon/config/section.hpp"
#include "daemon/model/address.hpp"

namespace protohost::config {

/// What a unit opens; it decides which of the unit's settings can have an effect.
struct Opening {
    enum class Way { listen, connect, bind, read, write };

    Way way = Way::listen;
    /// Empty where there is none, and where what was written is none: then nothing is known.
    std::vector<model::Address> addresses = {};

    bool is(std::initializer_list<Way> ways) const;
    /// Whether one of the addresses is of one of these kinds, or nothing is known.
    bool has(std::initializer_list<model::Address::Kind> kinds) const;
};

/// A key that can have an effect on some units only.
struct Rule {
    keys::Key key;
    bool (*fits)(const Opening&);
    std::string_view reason;  ///< "only TCP connections have it"
};

/// Refuses the keys of `section` that can have no effect on what is opened.
void refuse_idle_keys(Section& section, std::span<const Rule> rules, const Opening& opening);

}  // namespace protohost::config
