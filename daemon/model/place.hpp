// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

namespace protohost::model {

/// Where in which file something was written; 1-based, and 0 where there is no line.
struct Place {
    std::string file;
    int line = 0;
    int column = 0;

    /// Always equal: moving a definition to another line does not change what it means, and the
    /// plan compares configurations with ==.
    friend bool operator==(const Place&, const Place&) { return true; }
};

/// "file:line:column".
std::string to_string(const Place& place);

/// "file:line:column: key".
std::string to_string(const Place& place, const std::string& key);

/// A value that remembers where it was written, so that whoever finds it wrong can say so.
template <class T>
struct Located {
    T value;
    Place place;
    bool operator==(const Located&) const = default;
};

}  // namespace protohost::model
