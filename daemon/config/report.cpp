// SPDX-License-Identifier: MIT
#include "daemon/config/report.hpp"

#include <algorithm>
#include <utility>

#include "daemon/model/value.hpp"

namespace protohost::config {

void Report::add_file(std::string file) {
    files_.emplace(std::move(file), files_.size());
}

void Report::add(const model::Place& place, base::Error error) {
    entries_.push_back({position_of(place), std::move(error)});
}

void Report::add(const model::Place& place, const base::Errors& errors) {
    for (const base::Error& error : errors) add(place, error);
}

void Report::add(const model::Node& node, std::string what, std::string hint) {
    add(node.place, model::error_at(node, std::move(what), std::move(hint)));
}

Report::Position Report::position_of(const model::Place& place) const {
    const auto found = files_.find(place.file);
    return {found == files_.end() ? files_.size() : found->second, place.line, place.column};
}

base::Errors Report::sorted() const {
    std::vector<Entry> entries = entries_;
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return a.position < b.position;
    });
    base::Errors errors;
    for (Entry& entry : entries) errors.push_back(std::move(entry.error));
    return errors;
}

}  // namespace protohost::config
