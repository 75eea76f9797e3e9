// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/config/kind.hpp"
#include "daemon/model/node.hpp"
#include "daemon/model/place.hpp"

// The kinds of value that only subprocesses have.

namespace protohost::config::kinds {

using Strings = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;
using Names = std::vector<model::Located<std::string>>;

/// A program and its arguments.
extern const Kind<Strings> command;
/// A line for a shell.
extern const Kind<std::string> shell;
extern const Kind<Variables> environment;
/// One that can end a process.
extern const Kind<int> stop_signal;
/// A descriptor of a child beside 0, 1 and 2.
extern const Kind<int> child_descriptor;
/// Names of subprocesses.
extern const Kind<Names> dependencies;
extern const Kind<model::Located<std::string>> located_account;

// What a process may have of something; each may be `unlimited`.
extern const Kind<std::uint64_t> limit_of_things;
extern const Kind<std::uint64_t> limit_of_bytes;
extern const Kind<std::uint64_t> limit_of_seconds;

}  // namespace protohost::config::kinds
