// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/config/report.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

/// Reads one mapping whose keys are known. Asking for a key makes it known; `finish` reports the
/// keys nobody asked for. Null stands for an empty mapping, and so does an absent section.
class Section {
public:
    /// `node` may be nullptr: absent. `place` is where a missing key is reported, and the node must
    /// outlive the section. `what` is what a message says that it must be.
    Section(const model::Node* node,
            const model::Place& place,
            Report& report,
            std::string_view what = "a mapping");
    Section(const model::Node& node, Report& report) : Section(&node, node.place, report) {}

    Section(const Section&) = delete;
    Section& operator=(const Section&) = delete;

    /// nullptr where the key is absent.
    const model::Member* find_member(std::string_view key);
    const model::Node* find(std::string_view key);

    /// The same, and an absence is reported. `example` is a value that would be right.
    const model::Node* require(std::string_view key, std::string_view example);

    /// Reports that something is missing in it, at its place; nothing where it is no mapping.
    void report_missing(std::string what, std::string hint);

    /// Reports the key, where it is present, as one that may not be here; then it counts as absent.
    void refuse(std::string_view key, std::string what, std::string hint);

    /// A section in this one, absent or not.
    Section section(std::string_view key, std::string_view what = "a mapping");
    Section section(const model::Member& member) {
        return {&member.value, member.key_place, report_};
    }

    /// Of a mapping whose keys are the operator's own names: its members. A name that cannot be one
    /// is reported as none for `thing`, "a unit".
    const std::vector<model::Member>& names(std::string_view thing);

    /// Fills `into` with `reader(node)` where the key is present and right. Reports what is wrong.
    /// True where `into` was filled.
    template <class T, class Reader>
    bool read(std::string_view key, T& into, const Reader& reader) {
        const model::Node* const node = find(key);
        return node != nullptr && read(*node, into, reader);
    }
    template <class T, class Reader>
    bool read(const model::Node& node, T& into, const Reader& reader) {
        auto value = reader(node);
        if (!value) {
            report_.add(node.place, value.error());
            return false;
        }
        into = std::move(*value);
        return true;
    }

    /// Reports the keys that nobody asked for.
    void finish();

private:
    const model::Node* node_;
    model::Place place_;
    Report& report_;
    std::vector<std::string_view> known_;
    std::vector<std::string_view> refused_;
};

}  // namespace protohost::config
