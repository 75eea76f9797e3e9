// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <boost/system/result.hpp>

namespace protohost::base {

/// What went wrong, for the person who has to mend it: the place, the key, the cause, the remedy.
struct Error {
    /// "protohost.yaml:12:9: listeners.web.protocol", a path, or a unit ("listener web").
    std::string where;
    /// One sentence, lower case, without a full stop.
    std::string what;
    /// What to do about it, or empty.
    std::string hint;
    /// What the kernel said, where it was its refusal; else 0.
    int os_errno = 0;

    bool operator==(const Error&) const = default;
};

/// "where: what (hint)", leaving out what is empty.
std::string to_string(const Error& error);

using Errors = std::vector<Error>;

/// The value, or every reason why there is none: loading and checking report all errors at once.
template <class T>
using Result = boost::system::result<T, Errors>;

/// A failed Result with a single reason.
inline Errors failure(std::string where,
                      std::string what,
                      std::string hint = {},
                      int os_errno = 0) {
    return {Error{std::move(where), std::move(what), std::move(hint), os_errno}};
}

/// A Result with a value, for numbers: these convert to a Result in no other way, because they
/// would also make an Errors of that size.
template <class T>
Result<T> success(T value) {
    return Result<T>(boost::system::in_place_value, std::move(value));
}

/// Puts `more` behind `errors`.
inline void append(Errors& errors, Errors more) {
    for (Error& error : more) errors.push_back(std::move(error));
}

/// Called by Boost when value() is taken from a failed Result: a bug of ours.
[[noreturn]] void throw_exception_from_error(const Errors& errors, const boost::source_location&);

}  // namespace protohost::base
