// SPDX-License-Identifier: MIT
#pragma once

#include <list>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/config/keys.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

/// What the decoder asked for and what it made of it, written down by `Section` as it is read: one
/// key, and in a section its keys. Whatever is told of the configuration is made from this, so that
/// it cannot differ from what is applied.
struct Known {
    keys::Key key;     ///< of our own keys; empty where the name is the operator's
    std::string name;  ///< "listen", or "web"
    bool is_required = false;
    /// The names of the members are the operator's own.
    bool is_table = false;
    /// A list, whose items may be sections with these members.
    bool is_list = false;
    /// The word that may stand instead of the section, or empty.
    std::string_view word = {};
    /// What the value must be, in the words of JSON Schema; of a list, each of its items.
    model::Node (*shape)() = nullptr;
    /// What the key holds. Its place is where it was written, and where nobody wrote it, it
    /// `is_default`; then null is that it has no value at all. nullopt: it is a section.
    std::optional<model::Node> value = {};
    /// Where the section was written, for one without members. Without a file: nowhere.
    model::Place place = {};
    std::list<Known> members = {};  ///< stay where they are while more are added

    /// The member of that name, which is added where there is none.
    Known& at(const keys::Key& member);
    Known& add(const std::string& member);
};

/// The tree of all values, in the order in which the decoder asks for them, names sorted. Written
/// as YAML and loaded it is the same configuration again.
model::Node effective(const Known& known, std::string path = {});

}  // namespace protohost::config
