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
    const auto file = std::find(files_.begin(), files_.end(), place.file);
    entries_.push_back({static_cast<std::size_t>(file - files_.begin()),
                        place.line,
                        place.column,
                        std::move(error)});
}

void Report::add(const model::Place& place, const base::Errors& errors) {
    for (const base::Error& error : errors) add(place, error);
}

void Report::add(const model::Node& node, std::string what, std::string hint) {
    add(node.place, model::error_at(node, std::move(what), std::move(hint)));
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
