// SPDX-License-Identifier: MIT
#include "daemon/base/timestamp.hpp"

#include <ctime>

#include "daemon/base/format.hpp"

namespace protohost::base {

std::string timestamp(std::chrono::system_clock::time_point when) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(when);
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(when) - seconds;
    const std::time_t time = std::chrono::system_clock::to_time_t(seconds);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    return format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                  parts.tm_year + 1900,
                  parts.tm_mon + 1,
                  parts.tm_mday,
                  parts.tm_hour,
                  parts.tm_min,
                  parts.tm_sec,
                  ms.count());
}

}  // namespace protohost::base
