// SPDX-License-Identifier: MIT
#include "daemon/base/log_output.hpp"

#include <cstring>
#include <utility>

namespace protohost::base {

void LogOutput::set_under_journal(bool is_so) {
    const std::lock_guard lock(mutex_);
    under_journal_ = is_so;
}

void LogOutput::configure(const LogSettings& settings, std::unique_ptr<LogFile> file) {
    const std::lock_guard lock(mutex_);
    format_ = settings.format;
    const bool stays = file == nullptr && file_ != nullptr && file_->path() == settings.file;
    if (stays) return;
    file_ = std::move(file);
    file_refuses_ = false;
    if (file_ != nullptr) file_->keep();
}

void LogOutput::write(const LogLine& line) {
    const std::lock_guard lock(mutex_);
    if (file_ != nullptr && append(line)) return;
    if (file_ == nullptr && is_for_journal() && journal_.send(journal_entry(line))) return;
    write_locked(line);
}

std::string LogOutput::formatted(const LogLine& line) const {
    return format_ == LogFormat::json ? json_line(line) : text_line(line);
}

bool LogOutput::append(const LogLine& line) {
    const int error = file_->append(formatted(line));
    if (error == 0) {
        file_refuses_ = false;
    } else if (!std::exchange(file_refuses_, true)) {
        const std::string text =
            format("cannot write to {}: {}; until it can, what is logged goes to standard error",
                   file_->path(),
                   std::strerror(error));
        write_locked({line.time, Level::error, "log", text});
    }
    return error == 0;
}

void LogOutput::write_locked(const LogLine& line) {
    if (format_ == LogFormat::json) return standard_error_.write(json_line(line));
    standard_error_.write_text(line.level, text_line(line));
}

void LogOutput::write_to_standard_error(const LogLine& line) {
    const std::lock_guard lock(mutex_);
    write_locked(line);
}

void LogOutput::print(const LogLine& line) {
    const std::lock_guard lock(mutex_);
    if (under_journal_ && journal_.send(journal_entry(line))) return;
    standard_error_.write(std::string(line.message) + '\n');
}

Errors LogOutput::reopen() {
    const std::lock_guard lock(mutex_);
    return file_ != nullptr ? file_->reopen() : Errors();
}

}  // namespace protohost::base
