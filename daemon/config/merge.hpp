// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>

#include "daemon/config/report.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

/// Puts what several files hold together, one after the other: sections and tables of names are
/// united, lists of directories appended, and every other setting may be made once.
class Merge {
public:
    /// What cannot be put together with what is there is reported.
    void add(model::Node file, Report& report);

    /// Null, where no file was added.
    model::Node take() { return std::move(root_); }

private:
    using Positions = std::unordered_map<std::string, std::size_t>;

    void unite(model::Node& into, model::Node from, Report& report);
    bool join(model::Node& there, model::Node& from, Report& report);
    Positions& positions_in(const model::Node& mapping);

    model::Node root_;
    /// Where in a united mapping, named by its path, each key is: a thousand files are not searched
    /// through for each of a thousand files.
    std::unordered_map<std::string, Positions> positions_;
};

}  // namespace protohost::config
