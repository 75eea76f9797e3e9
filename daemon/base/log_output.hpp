// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "daemon/base/error.hpp"
#include "daemon/base/journal_socket.hpp"
#include "daemon/base/log_file.hpp"
#include "daemon/base/log_line.hpp"
#include "daemon/base/standard_error.hpp"

namespace protohost::base {

/// Where lines go: to a file, the journal, or standard error. What the first two do not take goes
/// to standard error as text: no line is lost in silence. All [any].
class LogOutput {
public:
    explicit LogOutput(JournalSocket journal = JournalSocket()) : journal_(std::move(journal)) {}

    /// Whether standard error is the journal's.
    void set_under_journal(bool is_so);

    /// The file of `settings` is `file`, or the one that is open where nullptr; without either,
    /// lines go where they would go if it had none.
    void configure(const LogSettings& settings, std::unique_ptr<LogFile> file);

    void write(const LogLine& line);

    /// On standard error as it is, without time and area; or to the journal, as an error.
    void print(const LogLine& line);

    /// The file, by its name; empty where there is none.
    Errors reopen();

    /// On standard error, whatever the settings say.
    void write_to_standard_error(const LogLine& line);

private:
    bool is_for_journal() const {
        return format_ == LogFormat::journal || (format_ == LogFormat::automatic && under_journal_);
    }
    std::string formatted(const LogLine& line) const;
    bool append(const LogLine& line);
    void write_locked(const LogLine& line);

    std::mutex mutex_;
    JournalSocket journal_;
    bool under_journal_ = false;
    LogFormat format_ = LogFormat::automatic;
    std::unique_ptr<LogFile> file_;
    bool file_refuses_ = false;  ///< and that was said
    StandardError standard_error_;
};

}  // namespace protohost::base
