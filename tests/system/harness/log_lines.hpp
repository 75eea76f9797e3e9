// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "daemon/base/descriptor.hpp"

namespace protohost::harness {

/// What a process writes, line by line, read as it comes by a thread.
class LogLines {
public:
    explicit LogLines(base::Descriptor from);
    /// Waits for the end: the process must be gone.
    ~LogLines();

    /// The first line that contains `text`, as soon as there is one. Fails the test and returns ""
    /// when none comes.
    std::string wait_for(std::string_view text) const;
    /// Until so many lines contain `text`.
    bool wait_for_count(std::string_view text, std::size_t count) const;
    /// Until the process has closed its end.
    void wait_for_end();

    std::size_t count(std::string_view text) const;
    std::vector<std::string> with(std::string_view text) const;
    std::string all() const;
    bool ended() const;

private:
    void read(const base::Descriptor& from);
    void add(std::string_view bytes);
    std::size_t count_locked(std::string_view text) const;

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<std::string> lines_;
    std::string unfinished_;
    bool ended_ = false;
    std::thread thread_;
};

}  // namespace protohost::harness
