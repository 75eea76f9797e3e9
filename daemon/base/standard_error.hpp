// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string_view>

#include "daemon/base/log.hpp"

namespace protohost::base {

/// Standard error, in colours on a terminal unless NO_COLOR is set. Not for two threads at once.
class StandardError {
public:
    StandardError();
    ~StandardError();
    StandardError(const StandardError&) = delete;
    StandardError& operator=(const StandardError&) = delete;

    /// One that text_line() has made.
    void write_text(Level level, std::string_view line);
    /// Any other.
    void write(std::string_view line);

private:
    struct Sink;
    std::unique_ptr<Sink> sink_;
};

}  // namespace protohost::base
