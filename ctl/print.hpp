// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "daemon/base/json.hpp"

// What protohostctl prints for people. For programs there is --json, which is the answer as it
// came.

namespace ctl {

using protohost::base::Json;

std::string status_text(const Json& status);
std::string units_text(const Json& units);
std::string connections_text(const Json& connections);
std::string certificates_text(const Json& certificates);
std::string generations_text(const Json& generations);
std::string unit_text(const Json& unit);
/// What a subprocess has written; on a terminal without what could play tricks with it.
std::string tail_text(const Json& tail);

/// What a reload did, or with `would` what one would do.
std::string record_text(const Json& record, bool would);

/// "file:line:column: key: cause (remedy)", one a line.
std::string errors_text(const Json& error);

}  // namespace ctl
