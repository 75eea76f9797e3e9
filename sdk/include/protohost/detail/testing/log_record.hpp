// SPDX-License-Identifier: MIT
#pragma once

#include <mutex>
#include <string_view>
#include <vector>

#include <protohost/abi.h>
#include <protohost/testing/values.hpp>

namespace protohost::detail::testing {

using protohost::testing::LogLine;

/// What was logged, in order. [any]
class LogRecord {
public:
    bool enabled(int level) const {
        const std::lock_guard lock(mutex_);
        return level >= level_;
    }
    void set_level(int level) {
        const std::lock_guard lock(mutex_);
        level_ = level;
    }
    void write(int level, std::string_view text) {
        const std::lock_guard lock(mutex_);
        if (level >= level_) lines_.push_back({level, std::string(text)});
    }
    std::vector<LogLine> lines() const {
        const std::lock_guard lock(mutex_);
        return lines_;
    }

private:
    mutable std::mutex mutex_;
    int level_ = PH_LOG_TRACE;    // guarded by mutex_
    std::vector<LogLine> lines_;  // guarded by mutex_
};

}  // namespace protohost::detail::testing
