// SPDX-License-Identifier: MIT
#include "daemon/plugin/options.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/format.hpp"
#include "daemon/model/value.hpp"
#include "daemon/plugin/default_value.hpp"
#include "daemon/plugin/option_type.hpp"

namespace protohost::plugin {
namespace {

using model::Node;

const ph_option* find(std::span<const ph_option> declared, std::string_view key) {
    const auto found = std::find_if(declared.begin(), declared.end(), [&](const ph_option& option) {
        return view(option.key) == key;
    });
    return found == declared.end() ? nullptr : &*found;
}

base::Error unknown_option(const model::Member& member, std::span<const ph_option> declared) {
    std::vector<std::string_view> keys;
    for (const ph_option& option : declared) keys.push_back(view(option.key));
    std::string hint = model::did_you_mean(member.key, keys);
    if (hint.empty()) {
        hint = keys.empty() ? "this protocol has no options" : "known:";
        for (std::size_t i = 0; i < keys.size(); ++i) {
            hint += base::format("{} {}", i == 0 ? "" : ",", keys[i]);
        }
    }
    return {model::to_string(member.key_place, member.value.path),
            base::format("unknown option {}", model::quote(member.key)),
            std::move(hint)};
}

/// Gives a default, and the items of a list, the path that a written value would have.
void settle(Node& node, const model::Place& place, const std::string& path) {
    node.place = place;
    node.path = path;
    node.is_default = true;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        settle(node.items[i], place, base::format("{}[{}]", path, i));
    }
}

/// Says on the values themselves what they are declared as; of some, nothing is.
void mark_types(Node& options, std::span<const ph_option> declared) {
    for (model::Member& member : options.members) {
        const ph_option* const option = find(declared, member.key);
        if (option == nullptr || option->type == PH_OPTION_ANY) continue;
        member.value.declared = type_name(option->type);
        for (Node& item : member.value.items) item.declared = type_name(PH_OPTION_STRING);
    }
}

}  // namespace

base::Errors check_options(const Node& given,
                           std::span<const ph_option> declared,
                           Node& completed) {
    base::Errors errors;
    if (given.kind != Node::Kind::mapping && given.kind != Node::Kind::null) {
        return {model::unexpected(given, "a mapping of options")};
    }
    completed = given;
    completed.kind = Node::Kind::mapping;

    for (const model::Member& member : given.members) {
        const ph_option* option = find(declared, member.key);
        if (option == nullptr) {
            errors.push_back(unknown_option(member, declared));
        } else {
            const base::Errors wrong = check_type(member.value, option->type);
            errors.insert(errors.end(), wrong.begin(), wrong.end());
        }
    }
    for (const ph_option& option : declared) {
        const std::string key(view(option.key));
        if (given.find(key) != nullptr) continue;
        if ((option.flags & PH_OPTION_REQUIRED) != 0) {
            errors.push_back(
                model::error_at(given,
                                base::format("required option {} is missing", model::quote(key)),
                                std::string(view(option.help))));
            continue;
        }
        // A default that is no value was refused when the plugin was loaded.
        auto value = default_value(option.type, view(option.deflt));
        if (view(option.deflt).empty() || !value) continue;
        settle(*value, given.place, given.path + "." + key);
        completed.members.push_back({key, given.place, std::move(*value)});
    }
    mark_types(completed, declared);
    return errors;
}

}  // namespace protohost::plugin
