// SPDX-License-Identifier: MIT
#include "daemon/config/report.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "daemon/model/value.hpp"

namespace protohost::config {

void Report::add_file(std::string file) {
    files_.push_back(std::move(file));
}

void Report::add(const model::Place& place, base::Error error) {
    entries_.push_back({number_of(place.file), place.line, place.column, std::move(error)});
}

void Report::add(const model::Place& place, const base::Errors& errors) {
    for (const base::Error& error : errors) add(place, error);
}

void Report::add(const model::Node& node, std::string what, std::string hint) {
    add(node.place, model::error_at(node, std::move(what), std::move(hint)));
}

std::size_t Report::number_of(const std::string& file) const {
    const auto found = std::find(files_.begin(), files_.end(), file);
    return static_cast<std::size_t>(found - files_.begin());
}

bool Report::precedes(const model::Place& a, const model::Place& b) const {
    const std::size_t file_of_a = number_of(a.file);
    const std::size_t file_of_b = number_of(b.file);
    return std::tie(file_of_a, a.line, a.column) < std::tie(file_of_b, b.line, b.column);
}

base::Errors Report::sorted() const {
    std::vector<Entry> entries = entries_;
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return std::tie(a.file, a.line, a.column) < std::tie(b.file, b.line, b.column);
    });
    base::Errors errors;
    for (Entry& entry : entries) errors.push_back(std::move(entry.error));
    return errors;
}

}  // namespace protohost::config
