// SPDX-License-Identifier: MIT
#include "daemon/config/section.hpp"

#include <algorithm>

#include "daemon/base/format.hpp"
#include "daemon/config/readers.hpp"
#include "daemon/config/writers.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {

using model::Node;

namespace {

bool holds(const std::vector<std::string_view>& keys, std::string_view key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

void mark_as_default(Node& node) {
    node.is_default = true;
    for (Node& item : node.items) mark_as_default(item);
    for (model::Member& member : node.members) mark_as_default(member.value);
}

/// What was written as a whole, where it was not said of each part already.
void place_at(Node& node, const model::Place& place) {
    if (node.place.file.empty()) node.place = place;
    for (Node& item : node.items) place_at(item, node.place);
    for (model::Member& member : node.members) place_at(member.value, node.place);
}

}  // namespace

Section::Section(const Node* node,
                 const model::Place& place,
                 Report& report,
                 Known* known,
                 std::string_view what)
    : node_(node), place_(place), report_(report), known_(known) {
    if (node_ == nullptr || node_->kind == Node::Kind::mapping) return;
    if (node_->kind != Node::Kind::null) {
        report_.add(node_->place, model::unexpected(*node_, what));
        node_ = nullptr;  // saying what is missing in it would only distract
    }
}

const model::Member* Section::find_member(const keys::Key& key) {
    if (node_ == nullptr || is_refused(key)) return nullptr;
    if (!holds(asked_, key)) asked_.push_back(key);
    for (const model::Member& member : node_->members) {
        if (member.key == key.name) return &member;
    }
    return nullptr;
}

const Node* Section::find(const keys::Key& key) {
    const model::Member* const member = find_member(key);
    return member == nullptr ? nullptr : &member->value;
}

const Node* Section::require(const keys::Key& key, std::string_view example) {
    const Node* const found = find(key);
    if (known_ != nullptr) known_->at(key).is_required = true;
    if (found == nullptr) {
        report_missing(base::format("{} is missing", model::quote(key)),
                       base::format("add {}: {}", key.name, example));
    }
    return found;
}

void Section::report_missing(std::string what, std::string hint) {
    if (node_ == nullptr) return;
    report_.add(place_, {model::to_string(place_, node_->path), std::move(what), std::move(hint)});
}

void Section::refuse(const keys::Key& key, std::string what, std::string hint) {
    refused_.push_back(key);
    if (node_ == nullptr) return;
    for (const model::Member& member : node_->members) {
        if (member.key != key.name) continue;
        report_.add(member.key_place,
                    {model::to_string(member.key_place, member.value.path),
                     std::move(what),
                     std::move(hint)});
        return;
    }
}

bool Section::is_refused(std::string_view key) const {
    return holds(refused_, key);
}

Section Section::section(const keys::Key& key, std::string_view what) {
    const Node* const found = find(key);
    Known* const inner = known_ == nullptr || is_refused(key) ? nullptr : &known_->at(key);
    if (inner != nullptr && found != nullptr) inner->place = found->place;
    return {found, found == nullptr ? place_ : found->place, report_, inner, what};
}

Section Section::entry(const model::Member& member) {
    Known* const inner = known_ == nullptr ? nullptr : &known_->add(member.key);
    if (inner != nullptr) inner->place = member.value.place;
    return {&member.value, member.key_place, report_, inner};
}

Section Section::item(const keys::Key& key, const Node& item) {
    Known* const inner = known_ == nullptr ? nullptr : &known_->at(key);
    if (inner != nullptr) inner->is_list = true;
    return {&item, item.place, report_, inner};
}

bool Section::read_word(const keys::Key& key, std::string_view word) {
    const Node* const node = find(key);
    if (known_ != nullptr) known_->at(key).word = word;
    if (node == nullptr || node->kind != Node::Kind::scalar || node->text != word) return false;
    if (known_ != nullptr) write_down(known_->at(key), node, write_word(word), nullptr);
    return true;
}

const std::vector<model::Member>& Section::names(std::string_view thing) {
    static const std::vector<model::Member> none;
    if (known_ != nullptr) known_->is_table = true;
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

void Section::write_down(Known& known, const Node* written, Node value, Node (*shape)()) {
    if (written == nullptr) {
        mark_as_default(value);
    } else {
        place_at(value, written->place);
    }
    known.value = std::move(value);
    known.shape = shape;
}

void Section::finish() {
    if (node_ == nullptr) return;
    for (const model::Member& member : node_->members) {
        if (holds(asked_, member.key) || holds(refused_, member.key)) continue;
        std::string hint = model::did_you_mean(member.key, asked_);
        if (hint.empty()) {
            for (const std::string_view key : asked_) {
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
