// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/node.hpp"
#include "daemon/model/place.hpp"

namespace protohost::config {

/// Collects everything that is wrong, in whatever order it is found, and gives it back in the order
/// in which a person reads the files.
class Report {
public:
    /// Files are reported in the order in which they were announced here.
    void add_file(std::string file);

    void add(const model::Place& place, base::Error error);
    void add(const model::Place& place, const base::Errors& errors);

    /// At the node, named by its place and path.
    void add(const model::Node& node, std::string what, std::string hint = {});

    /// Where a person comes to a place when reading all files: the smaller, the earlier.
    struct Position {
        std::size_t file;
        int line;
        int column;
        auto operator<=>(const Position&) const = default;
    };
    Position position_of(const model::Place& place) const;

    bool empty() const { return entries_.empty(); }

    base::Errors sorted() const;

private:
    struct Entry {
        Position position;
        base::Error error;
    };

    std::unordered_map<std::string, std::size_t> files_;  ///< in the order of reading
    std::vector<Entry> entries_;
};

}  // namespace protohost::config
