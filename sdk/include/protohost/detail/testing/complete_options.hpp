// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include <protohost/abi.h>
#include <protohost/detail/context.hpp>
#include <protohost/detail/testing/default_value.hpp>
#include <protohost/detail/testing/option_node.hpp>

namespace protohost::detail::testing {

/// The mapping that a factory is given: what the test wrote, checked against the declaration, with
/// the defaults filled in. Throws std::invalid_argument with everything that is wrong.
inline OptionNode complete_options(const OptionValues& given, std::span<const ph_option> declared) {
    OptionNode options = to_node(OptionValue::mapping(given));
    options.settle("options");
    std::string wrong;
    const auto complain = [&](const std::string& text) {
        if (!text.empty()) wrong += (wrong.empty() ? "" : "\n") + text;
    };
    for (std::size_t i = 0; i < options.keys.size(); ++i) {
        const auto option = std::find_if(declared.begin(), declared.end(), [&](const ph_option& o) {
            return from_abi(o.key) == options.keys[i];
        });
        complain(option == declared.end() ? options.items[i].path + ": unknown option"
                                          : complaint(options.items[i], option->type));
    }
    for (const ph_option& option : declared) {
        const std::string key(from_abi(option.key));
        if (options.find(key) != nullptr) continue;
        if ((option.flags & PH_OPTION_REQUIRED) != 0) {
            complain("options: required option \"" + key + "\" is missing");
            continue;
        }
        if (option.deflt.n == 0) continue;
        auto value = default_value(option.type, from_abi(option.deflt));
        if (!value) {
            complain("the declared default of option \"" + key + "\" is no value of its type");
            continue;
        }
        value->settle("options." + key);
        options.keys.push_back(key);
        options.items.push_back(std::move(*value));
    }
    if (!wrong.empty()) throw std::invalid_argument(wrong);
    return options;
}

}  // namespace protohost::detail::testing
