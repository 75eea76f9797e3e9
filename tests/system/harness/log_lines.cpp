// SPDX-License-Identifier: MIT
#include "tests/system/harness/log_lines.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>

#include "tests/system/harness/scale.hpp"

namespace protohost::harness {
namespace {

bool contains(const std::string& line, std::string_view text) {
    return line.find(text) != std::string::npos;
}

}  // namespace

LogLines::LogLines(base::Descriptor from)
    : thread_([this, descriptor = std::move(from)] { read(descriptor); }) {}

LogLines::~LogLines() {
    wait_for_end();
}

void LogLines::read(const base::Descriptor& from) {
    std::array<char, 16384> buffer;
    while (true) {
        const ssize_t size = ::read(from.get(), buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) break;
        add({buffer.data(), static_cast<std::size_t>(size)});
    }
    const std::lock_guard lock(mutex_);
    if (!unfinished_.empty()) lines_.push_back(std::exchange(unfinished_, {}));
    ended_ = true;
    changed_.notify_all();
}

void LogLines::add(std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    unfinished_ += bytes;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = unfinished_.find('\n', begin)) != std::string::npos;) {
        lines_.push_back(unfinished_.substr(begin, end - begin));
        begin = end + 1;
    }
    unfinished_.erase(0, begin);
    changed_.notify_all();
}

std::size_t LogLines::count_locked(std::string_view text) const {
    return static_cast<std::size_t>(
        std::count_if(lines_.begin(), lines_.end(), [&](const std::string& line) {
            return contains(line, text);
        }));
}

bool LogLines::wait_for_count(std::string_view text, std::size_t count) const {
    std::unique_lock lock(mutex_);
    const auto enough = [&] { return count_locked(text) >= count; };
    if (changed_.wait_for(lock, patience, [&] { return ended_ || enough(); }) && enough()) {
        return true;
    }
    lock.unlock();
    ADD_FAILURE() << "not " << count << " lines with \"" << text << "\" in:\n" << all();
    return false;
}

std::string LogLines::wait_for(std::string_view text) const {
    return wait_for_count(text, 1) ? with(text).front() : std::string();
}

void LogLines::wait_for_end() {
    if (thread_.joinable()) thread_.join();
}

std::size_t LogLines::count(std::string_view text) const {
    const std::lock_guard lock(mutex_);
    return count_locked(text);
}

std::vector<std::string> LogLines::with(std::string_view text) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> found;
    for (const std::string& line : lines_) {
        if (contains(line, text)) found.push_back(line);
    }
    return found;
}

std::string LogLines::all() const {
    const std::lock_guard lock(mutex_);
    std::string text;
    for (const std::string& line : lines_) text += line + '\n';
    return text;
}

bool LogLines::ended() const {
    const std::lock_guard lock(mutex_);
    return ended_;
}

}  // namespace protohost::harness
