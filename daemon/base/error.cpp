// SPDX-License-Identifier: MIT
#include "daemon/base/error.hpp"

#include <cstdio>
#include <cstdlib>

namespace protohost::base {

std::string to_string(const Error& error) {
    std::string text = error.where;
    if (!error.what.empty()) {
        if (!text.empty()) text += ": ";
        text += error.what;
    }
    if (!error.hint.empty()) {
        if (!text.empty()) text += ' ';
        text += '(' + error.hint + ')';
    }
    return text;
}

void throw_exception_from_error(const Errors& errors, const boost::source_location& location) {
    std::fprintf(stderr,
                 "protohost: bug at %s:%u: value() of a failed result\n",
                 location.file_name(),
                 static_cast<unsigned>(location.line()));
    for (const Error& error : errors) std::fprintf(stderr, "  %s\n", to_string(error).c_str());
    std::abort();
}

}  // namespace protohost::base
