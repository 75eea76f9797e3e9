// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "daemon/base/error.hpp"
#include "daemon/base/json.hpp"

// The lines of the control socket: one JSON object a line, a request and its answer in turn.
//
//     {"version": 1, "verb": "show", "arguments": {"unit": "web"}}
//     {"version": 1, "result": {...}}
//     {"version": 1, "error": {"code": "not_found", "message": "...", "errors": [...]}}

namespace protohost::control {

inline constexpr int protocol_version = 1;

/// A request is at most so long; an answer is as long as it must be.
inline constexpr std::size_t longest_request = 64 * 1024;

struct Request {
    std::string verb;
    base::Json arguments;
};

/// Why something was not done; what a program decides by.
enum class Code {
    bad_request,   ///< no request, or arguments that the verb does not have
    unknown_verb,  ///< of a newer protohostctl, perhaps
    denied,        ///< the peer may not
    not_found,     ///< no such unit, connection, plugin
    rejected,      ///< the configuration or a plugin is bad; nothing was changed
    failed,        ///< the machine does not let us
    busy           ///< as many have sessions as may
};

/// "not_found".
std::string_view to_string(Code code);

/// Without the newline.
base::Result<Request> parse_request(std::string_view line);

/// With the newline.
std::string result_line(base::Json result);
/// Of JSON that is text already, in one line.
std::string result_line_of_text(std::string_view result);
std::string error_line(Code code, const std::string& message, const base::Errors& errors = {});

/// [{"where": ..., "what": ..., "hint": ...}]
base::Json to_json(const base::Errors& errors);

}  // namespace protohost::control
