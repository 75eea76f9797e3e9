// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/kind.hpp"
#include "daemon/config/known.hpp"
#include "daemon/config/report.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

/// Reads one mapping whose keys are known. Asking for a key makes it known; `finish` reports the
/// keys nobody asked for. Null stands for an empty mapping, and so does an absent section. What the
/// keys hold is written down in a `Known`, if there is one.
class Section {
public:
    /// `node` may be nullptr: absent. `place` is where a missing key is reported, and the node must
    /// outlive the section. `what` is what a message says that it must be.
    Section(const model::Node* node,
            const model::Place& place,
            Report& report,
            Known* known = nullptr,
            std::string_view what = "a mapping");

    Section(const Section&) = delete;
    Section& operator=(const Section&) = delete;

    /// nullptr where the key is absent.
    const model::Member* find_member(const keys::Key& key);
    const model::Node* find(const keys::Key& key);

    /// The same, and an absence is reported. `example` is a value that would be right.
    const model::Node* require(const keys::Key& key, std::string_view example);

    /// Reports that something is missing in it, at its place; nothing where it is no mapping.
    void report_missing(std::string what, std::string hint);

    /// Reports the key, where it is present, as one that may not be here; then it counts as absent.
    void refuse(const keys::Key& key, std::string what, std::string hint);

    /// A section in this one, absent or not.
    Section section(const keys::Key& key, std::string_view what = "a mapping");
    /// One that stands in a table, under a name of the operator's.
    Section entry(const model::Member& member);
    /// One that is an item of the list `key`.
    Section item(const keys::Key& key, const model::Node& item);

    /// Whether `key` holds that one word instead of the section that it may be.
    bool read_word(const keys::Key& key, std::string_view word);

    /// Of a mapping whose keys are the operator's own names: its members. A name that cannot be one
    /// is reported as none for `thing`, "a unit".
    const std::vector<model::Member>& names(std::string_view thing);

    /// Fills `into` with what `key` holds, where it is present and right. Reports what is wrong.
    /// True where `into` was filled. `into` may be optional; nullopt is that there is no value.
    template <class T, class V>
    bool read(const keys::Key& key, T& into, const Kind<V>& kind) {
        return read(key, into, kind, kind.read);
    }
    /// The same where reading takes more than the node.
    template <class T, class V, class Reader>
    bool read(const keys::Key& key, T& into, const Kind<V>& kind, const Reader& reader) {
        const model::Node* const node = find(key);
        const bool filled = node != nullptr && read_node(*node, into, reader);
        hold(key, into, kind);
        return filled;
    }
    /// The value of a name in a table.
    template <class T>
    bool read_entry(const model::Member& member, T& into, const Kind<T>& kind) {
        const bool filled = read_node(member.value, into, kind.read);
        if (known_ != nullptr) {
            write_down(known_->add(member.key), &member.value, kind.write(into), kind.shape);
        }
        return filled;
    }

    /// Says what `key` holds where that was not found by `read` alone.
    template <class T, class V>
    void hold(const keys::Key& key, const T& value, const Kind<V>& kind) {
        if (known_ == nullptr || is_refused(key)) return;
        write_down(known_->at(key), find(key), write(value, kind), kind.shape);
    }

    /// Reports the keys that nobody asked for.
    void finish();

private:
    template <class T, class Reader>
    bool read_node(const model::Node& node, T& into, const Reader& reader) {
        auto value = reader(node);
        if (!value) {
            report_.add(node.place, value.error());
            return false;
        }
        into = std::move(*value);
        return true;
    }

    template <class T>
    static model::Node write(const T& value, const Kind<T>& kind) {
        return kind.write(value);
    }
    template <class T>
    static model::Node write(const std::optional<T>& value, const Kind<T>& kind) {
        return value ? kind.write(*value) : model::Node{};
    }

    bool is_refused(std::string_view key) const;
    static void write_down(Known& known,
                           const model::Node* written,
                           model::Node value,
                           model::Node (*shape)());

    const model::Node* node_;
    model::Place place_;
    Report& report_;
    Known* known_;
    std::vector<std::string_view> asked_;
    std::vector<std::string_view> refused_;
};

}  // namespace protohost::config
