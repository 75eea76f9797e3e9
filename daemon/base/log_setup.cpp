// SPDX-License-Identifier: MIT
#include "daemon/base/log_setup.hpp"

#include <charconv>
#include <optional>
#include <string_view>

namespace protohost::base {
namespace {

/// Takes ":12" off the beginning of `rest`.
std::optional<unsigned> take_number(std::string_view& rest) {
    if (!rest.starts_with(':')) return std::nullopt;
    unsigned number = 0;
    const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), number);
    if (error != std::errc{}) return std::nullopt;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return number;
}

}  // namespace

LogFields place_in(std::string_view text) {
    for (auto colon = text.find(':'); colon != std::string_view::npos;
         colon = text.find(':', colon + 1)) {
        std::string_view rest = text.substr(colon);
        const auto line = take_number(rest);
        // A host and its port have one number.
        if (!line || !take_number(rest) || !(rest.empty() || rest.starts_with(": "))) continue;
        return {.config_file = text.substr(0, colon), .config_line = *line};
    }
    return {};
}

}  // namespace protohost::base
