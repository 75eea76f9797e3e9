// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include <protohost/log.hpp>

namespace exec {

/// What a program writes to its standard error, line by line in the log. No program fills it: what
/// is too much is counted.
class ErrorLines {
public:
    static constexpr std::size_t most_lines = 20;
    static constexpr std::size_t longest_line = 1000;

    /// `title` begins each line.
    void received(std::string_view text, const protohost::Log& log, std::string_view title) {
        for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n')) {
            keep(text.substr(0, end));
            finish(log, title);
            text.remove_prefix(end + 1);
        }
        keep(text);
    }
    void ended(const protohost::Log& log, std::string_view title) {
        if (!line_.empty()) finish(log, title);
        if (lines_ <= most_lines) return;
        log.warn(std::string(title) + ": " + std::to_string(lines_ - most_lines) +
                 " further lines on its standard error");
    }

private:
    void keep(std::string_view text) {
        line_ += text.substr(0, longest_line - std::min(longest_line, line_.size()));
    }
    void finish(const protohost::Log& log, std::string_view title) {
        if (++lines_ <= most_lines) log.warn(std::string(title) + ": " + line_);
        line_.clear();
    }

    std::string line_;
    std::size_t lines_ = 0;
};

}  // namespace exec
