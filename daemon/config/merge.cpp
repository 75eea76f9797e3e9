// SPDX-License-Identifier: MIT
#include "daemon/config/merge.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using model::Member;
using model::Node;

std::string path_of(const keys::Key& section, const keys::Key& key) {
    return model::path_to(std::string(section.name), key);
}

/// Sections and tables of names: what several files say about them is put together.
bool is_united(const std::string& path) {
    const auto& all = keys::top::all;
    const auto is_it = [&](const keys::Key& key) { return key.name == path; };
    return std::any_of(all.begin(), all.end(), is_it) ||
           path == path_of(keys::top::log, keys::log::areas) ||
           path == path_of(keys::top::plugins, keys::plugins::modules);
}

bool is_appended(const std::string& path) {
    return path == path_of(keys::top::plugins, keys::plugins::directories);
}

}  // namespace

Merge::Positions& Merge::positions_in(const Node& mapping) {
    Positions& positions = positions_[mapping.path];
    for (std::size_t i = positions.size(); i < mapping.members.size(); ++i) {
        positions.emplace(mapping.members[i].key, i);
    }
    return positions;
}

/// False where the setting may be made only once.
bool Merge::join(Node& there, Node& from, Report& report) {
    if (is_united(from.path)) {
        if (from.kind == Node::Kind::mapping && there.kind == Node::Kind::mapping) {
            unite(there, std::move(from), report);
        } else if (there.kind == Node::Kind::null) {
            there = std::move(from);
        } else if (from.kind != Node::Kind::mapping && from.kind != Node::Kind::null) {
            report.add(from.place, model::unexpected(from, "a mapping"));
        }
        return true;
    }
    const bool lists = from.kind == Node::Kind::sequence && there.kind == Node::Kind::sequence;
    if (!lists || !is_appended(from.path)) return false;
    std::move(from.items.begin(), from.items.end(), std::back_inserter(there.items));
    return true;
}

void Merge::unite(Node& into, Node from, Report& report) {
    Positions& positions = positions_in(into);
    for (Member& member : from.members) {
        const auto [found, fresh] = positions.try_emplace(member.key, into.members.size());
        if (fresh) {
            into.members.push_back(std::move(member));
            continue;
        }
        Member& first = into.members[found->second];
        if (join(first.value, member.value, report)) continue;
        report.add(member.key_place,
                   {model::to_string(member.key_place, member.value.path),
                    base::format("already set at {}", model::to_string(first.key_place)),
                    "remove one of the two"});
    }
}

void Merge::add(Node file, Report& report) {
    if (file.kind != Node::Kind::mapping) {
        report.add(file.place, model::unexpected(file, "a mapping of sections"));
        return;
    }
    if (root_.kind != Node::Kind::mapping) {
        root_ = std::move(file);
    } else {
        unite(root_, std::move(file), report);
    }
}

}  // namespace protohost::config
