// SPDX-License-Identifier: MIT
#include "daemon/config/section.hpp"

#include <algorithm>

#include "daemon/base/format.hpp"
#include "daemon/config/readers.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {

using model::Node;

namespace {

bool holds(const std::vector<std::string_view>& keys, std::string_view key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

}  // namespace

Section::Section(const Node* node, const model::Place& place, Report& report, std::string_view what)
    : node_(node), place_(place), report_(report) {
    if (node_ == nullptr || node_->kind == Node::Kind::mapping) return;
    if (node_->kind != Node::Kind::null) {
        report_.add(node_->place, model::unexpected(*node_, what));
        node_ = nullptr;  // saying what is missing in it would only distract
    }
}

const model::Member* Section::find_member(std::string_view key) {
    if (node_ == nullptr || holds(refused_, key)) return nullptr;
    if (!holds(known_, key)) known_.push_back(key);
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
    if (found == nullptr) {
        report_missing(base::format("{} is missing", model::quote(key)),
                       base::format("add {}: {}", key, example));
    }
    return found;
}

void Section::report_missing(std::string what, std::string hint) {
    if (node_ == nullptr) return;
    report_.add(place_, {model::to_string(place_, node_->path), std::move(what), std::move(hint)});
}

void Section::refuse(std::string_view key, std::string what, std::string hint) {
    if (node_ == nullptr) return;
    refused_.push_back(key);
    for (const model::Member& member : node_->members) {
        if (member.key != key) continue;
        report_.add(member.key_place,
                    {model::to_string(member.key_place, member.value.path),
                     std::move(what),
                     std::move(hint)});
        return;
    }
}

Section Section::section(std::string_view key, std::string_view what) {
    const Node* const found = find(key);
    return {found, found == nullptr ? place_ : found->place, report_, what};
}

const std::vector<model::Member>& Section::names(std::string_view thing) {
    static const std::vector<model::Member> none;
    if (node_ == nullptr) return none;
    for (const model::Member& member : node_->members) {
        if (is_name(member.key)) continue;
        report_.add(member.key_place,
                    {model::to_string(member.key_place, member.value.path),
                     base::format("{} is no name for {}", model::quote(member.key), thing),
                     std::string(name_rule)});
    }
    return node_->members;
}

void Section::finish() {
    if (node_ == nullptr) return;
    for (const model::Member& member : node_->members) {
        if (holds(known_, member.key) || holds(refused_, member.key)) continue;
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
