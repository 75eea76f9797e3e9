// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <protohost/plugin.hpp>

namespace exec {

/// What is run for each connection.
struct Settings {
    explicit Settings(const protohost::Options& options);

    std::vector<std::string> command;
    std::string user;
    std::string group;
    std::string directory;
    std::map<std::string, std::string> environment;
    bool errors_to_client;
    std::int64_t instances;   ///< 0: as many as come
    std::int64_t per_second;  ///< the same
    /// For how long a program may go on whose client has gone.
    std::chrono::nanoseconds grace;
};

}  // namespace exec
