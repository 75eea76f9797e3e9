// SPDX-License-Identifier: MIT
#include "daemon/plugin/option_type.hpp"

#include "daemon/model/value.hpp"

namespace protohost::plugin {
namespace {

template <class T>
base::Errors reasons(const base::Result<T>& result) {
    return result ? base::Errors{} : result.error();
}

}  // namespace

std::string_view type_name(std::uint32_t type) {
    switch (type) {
        case PH_OPTION_STRING:
            return "string";
        case PH_OPTION_INTEGER:
            return "integer";
        case PH_OPTION_NUMBER:
            return "number";
        case PH_OPTION_BOOLEAN:
            return "boolean";
        case PH_OPTION_DURATION:
            return "duration";
        case PH_OPTION_SIZE:
            return "size";
        case PH_OPTION_LIST:
            return "list";
        case PH_OPTION_ANY:
            return "any";
        default:
            return "";
    }
}

base::Errors check_type(const model::Node& node, std::uint32_t type) {
    switch (type) {
        case PH_OPTION_STRING:
            return reasons(model::read_string(node));
        case PH_OPTION_INTEGER:
            return reasons(model::read_integer(node));
        case PH_OPTION_NUMBER:
            return reasons(model::read_number(node));
        case PH_OPTION_BOOLEAN:
            return reasons(model::read_boolean(node));
        case PH_OPTION_DURATION:
            return reasons(model::read_duration(node));
        case PH_OPTION_SIZE:
            return reasons(model::read_size(node));
        case PH_OPTION_LIST:
            return reasons(model::read_strings(node));
        default:
            return {};
    }
}

}  // namespace protohost::plugin
