// SPDX-License-Identifier: MIT
#include "daemon/unit/line_log.hpp"

#include <algorithm>

#include "daemon/base/counted.hpp"

namespace protohost::unit {

const ph_subprocess_ops LineLog::ops = [] {
    ph_subprocess_ops made{};
    made.size = sizeof made;
    made.kind = PH_SUBPROCESS;
    made.connection_made = [](void*, ph_transport*) { return ph_status{PH_OK}; };
    made.connection_lost = [](void*, const ph_error*) { return ph_status{PH_OK}; };
    made.destroy = [](void*) {};
    made.pipe_data_received =
        [](void* self, std::int32_t number, const void* data, std::size_t size) {
            static_cast<LineLog*>(self)->received(number, {static_cast<const char*>(data), size});
            return ph_status{PH_OK};
        };
    made.pipe_connection_lost = [](void* self, std::int32_t number, const ph_error*) {
        static_cast<LineLog*>(self)->ended(number);
        return ph_status{PH_OK};
    };
    return made;
}();

LineLog::LineLog(const std::string& unit)
    : unit_(unit), log_("subprocess." + unit), refilled_(std::chrono::steady_clock::now()) {}

ph_proto LineLog::protocol() {
    return {reinterpret_cast<const ph_any_ops*>(&ops), this};
}

void LineLog::received(int number, std::string_view bytes) {
    output_.append(bytes);
    refill();
    std::string& begun = this->begun(number);
    while (!bytes.empty()) {
        if (begun.empty() && allowance_ < 1) bytes.remove_prefix(drop_lines(bytes));
        const std::size_t end = bytes.find('\n');
        const std::string_view part = bytes.substr(0, end);
        const std::size_t fits = longest_line - begun.size();
        if (part.size() > fits) {
            begun += part.substr(0, fits);
            bytes.remove_prefix(fits);
            line(begun);
            begun.clear();
            continue;
        }
        if (end == std::string_view::npos) {
            begun += part;
            return;
        }
        bytes.remove_prefix(end + 1);
        if (begun.empty()) {
            line(part);
        } else {
            begun += part;
            line(begun);
            begun.clear();
        }
    }
}

void LineLog::ended(int number) {
    std::string& begun = this->begun(number);
    refill();
    if (!begun.empty()) line(begun);
    begun.clear();
    tell_dropped();
}

void LineLog::refill() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - refilled_).count();
    refilled_ = now;
    allowance_ = std::min<double>(burst, allowance_ + seconds * lines_per_second);
}

std::size_t LineLog::drop_lines(std::string_view bytes) {
    // A flood of short lines is counted at the speed of memory: whoever waits for the loop waits
    // for this.
    const std::string_view whole = bytes.substr(0, bytes.rfind('\n') + 1);
    drop(static_cast<std::uint64_t>(std::count(whole.begin(), whole.end(), '\n')));
    return whole.size();
}

void LineLog::drop(std::uint64_t lines) {
    dropped_ += lines;
    untold_ += lines;
}

void LineLog::line(std::string_view text) {
    if (allowance_ < 1) return drop(1);
    allowance_ -= 1;
    tell_dropped();
    if (text.ends_with('\r')) text.remove_suffix(1);
    log_.write(base::Level::info, {.unit = unit_}, text);
}

void LineLog::tell_dropped() {
    if (untold_ == 0) return;
    log_.warn({.unit = unit_},
              "{} beyond {} a second: not logged",
              base::counted(untold_, "line"),
              lines_per_second);
    untold_ = 0;
}

}  // namespace protohost::unit
