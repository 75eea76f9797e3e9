// SPDX-License-Identifier: MIT
#include "daemon/config/section.hpp"

#include <algorithm>

#include "daemon/base/format.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {

using model::Node;

Section::Section(const Node* node, const model::Place& place, Report& report)
    : node_(node), place_(place), report_(report) {
    if (node_ == nullptr || node_->kind == Node::Kind::mapping) return;
    if (node_->kind != Node::Kind::null) {
        report_.add(node_->place, model::unexpected(*node_, "a mapping"));
        node_ = nullptr;  // saying what is missing in it would only distract
    }
}

const model::Member* Section::find_member(std::string_view key) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
    if (node_ == nullptr) return nullptr;
    for (const model::Member& member : node_->members) {
        if (member.key == key) return &member;
    }
    return nullptr;
}

const Node* Section::find(std::string_view key) {
    const model::Member* const member = find_member(key);
    return member == nullptr ? nullptr : &member->value;
}

const Node* Section::require(std::string_view key, std::string_view example) {
    const Node* const found = find(key);
    if (found == nullptr && node_ != nullptr) {
        report_.add(place_,
                    {model::to_string(place_, node_->path),
                     base::format("{} is missing", model::quote(key)),
                     base::format("add {}: {}", key, example)});
    }
    return found;
}

Section Section::section(std::string_view key) {
    const Node* const found = find(key);
    return {found, found == nullptr ? place_ : found->place, report_};
}

void Section::finish() {
    if (node_ == nullptr) return;
    for (const model::Member& member : node_->members) {
        if (std::find(known_.begin(), known_.end(), member.key) != known_.end()) continue;
        std::string hint = model::did_you_mean(member.key, known_);
        if (hint.empty()) {
            for (const std::string_view key : known_) {
                hint += hint.empty() ? "known here: " : ", ";
                hint += key;
            }
        }
        report_.add(member.key_place,
                    {model::to_string(member.key_place, member.value.path),
                     "unknown key",
                     std::move(hint)});
    }
}

}  // namespace protohost::config
