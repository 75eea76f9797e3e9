// SPDX-License-Identifier: MIT
#pragma once

#include <string>
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

    /// Whether a person reads `a` before `b`.
    bool precedes(const model::Place& a, const model::Place& b) const;

    bool empty() const { return entries_.empty(); }

    base::Errors sorted() const;

private:
    struct Entry {
        std::size_t file;
        int line;
        int column;
        base::Error error;
    };

    std::size_t number_of(const std::string& file) const;

    std::vector<std::string> files_;
    std::vector<Entry> entries_;
};

}  // namespace protohost::config
