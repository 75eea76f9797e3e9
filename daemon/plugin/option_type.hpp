// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "daemon/base/error.hpp"
#include "daemon/model/node.hpp"

#include <protohost/abi.h>

namespace protohost::plugin {

/// "duration" for PH_OPTION_DURATION; empty for a type this daemon does not know.
std::string_view type_name(std::uint32_t type);

/// What keeps `node` from being a value of the PH_OPTION_* type, in the words of model/value.hpp.
base::Errors check_type(const model::Node& node, std::uint32_t type);

/// What a plugin gives as text; it lives as long as the plugin says.
inline std::string_view view(ph_str text) {
    return text.p == nullptr ? std::string_view() : std::string_view(text.p, text.n);
}

}  // namespace protohost::plugin
