// SPDX-License-Identifier: MIT
#include "connection.hpp"

namespace conformance {
namespace {

std::string to_text(bool value) {
    return value ? "true" : "false";
}

/// The number itself, or how it compares where the scenario cannot know it.
std::string measured(const Action& action, std::size_t size) {
    const auto number = static_cast<std::int64_t>(size);
    if (action.low)
        return "over " + std::to_string(*action.low) + ": " + to_text(number > *action.low);
    if (action.high) {
        return "at most " + std::to_string(*action.high) + ": " + to_text(number <= *action.high);
    }
    return std::to_string(size);
}

std::string name_of(protohost::BaseProtocol* protocol) {
    if (protocol == nullptr) return "none";
    const auto* acting = dynamic_cast<const Acting*>(protocol);
    return acting == nullptr             ? "foreign"
           : acting->role().name.empty() ? "main"
                                         : acting->role().name;
}

}  // namespace

bool Connection::query(const Action& action) {
    const std::string& verb = action.verb;
    if (verb == "is_closing") {
        event(verb, to_text(transport_.is_closing()));
    } else if (verb == "is_reading") {
        event(verb, to_text(transport_.is_reading()));
    } else if (verb == "can_write_eof") {
        event(verb, to_text(transport_.can_write_eof()));
    } else if (verb == "get_write_buffer_size") {
        event(verb, measured(action, transport_.get_write_buffer_size()));
    } else if (verb == "get_write_buffer_limits") {
        const auto limits = transport_.get_write_buffer_limits();
        event(verb, std::to_string(limits.low) + ", " + std::to_string(limits.high));
    } else if (verb == "get_extra_info") {
        event(verb, extra_info(action));
    } else if (verb == "get_protocol") {
        event(verb, name_of(transport_.get_protocol()));
    } else if (verb == "largest_data") {
        event(verb, measured(action, largest_));
    } else if (verb == "mark") {
        event(verb, action.name);
    } else {
        return false;
    }
    return true;
}

std::string Connection::extra_info(const Action& action) const {
    const protohost::ExtraInfo info = transport_.get_extra_info(action.name);
    if (!info) return action.name + " " + action.otherwise;
    if (info.descriptor() >= 0) return action.name + " open";
    return action.name + " " + info.text();
}

}  // namespace conformance
