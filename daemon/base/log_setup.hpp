// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string_view>

#include "daemon/base/error.hpp"
#include "daemon/base/log.hpp"
#include "daemon/base/log_file.hpp"

// What the program does about the log as a whole. Loggers need base/log.hpp alone.

namespace protohost::base {

/// Looks whether standard error is the journal's: see take_journal_stream(). Until then it is not.
void look_for_journal();

/// configure_logging() with the opened `settings.file`. nullptr: the one that is open, if it has
/// that name. [any]
void configure_logging(const LogSettings& settings, std::unique_ptr<LogFile> file);

/// Goes on in a new file of the same name, for the old one was moved away. Where there is none, or
/// where it cannot be opened, all stays as it was; the latter is said on standard error. [any]
void reopen_log_file();

/// Why the program ends at once: on standard error as it is, one per line, before the log has been
/// configured. Under the journal they are entries of it, errors with their places. [any]
void print_errors(const Errors& errors);

/// The place in a configuration that `text` begins with, "FILE:LINE:COLUMN: key"; empty: it begins
/// with none. Views of `text`.
LogFields place_in(std::string_view text);
inline LogFields place_of(const Error& error) {
    return place_in(error.where);
}

}  // namespace protohost::base
