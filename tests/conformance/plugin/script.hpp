// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <protohost/options.hpp>

// What a scenario tells a protocol to do, as the runner wrote it into the unit's options.

namespace conformance {

/// One thing to do. Which of the members mean something depends on the verb.
struct Action {
    std::string verb;
    std::vector<std::string> data;  ///< bytes, in pieces
    std::string name;
    std::string otherwise;
    std::optional<std::int64_t> high;
    std::optional<std::int64_t> low;
    std::chrono::microseconds after{};
    std::vector<Action> then;
};
using Actions = std::vector<Action>;

/// What one protocol does in its callbacks.
struct Role {
    std::string name;                   ///< empty: the one that the factory makes
    std::optional<std::size_t> buffer;  ///< a buffered protocol, with a buffer of so many bytes
    std::map<std::string, Actions, std::less<>> on;
    std::map<std::size_t, Actions> received;  ///< once so many bytes were received
};

struct Script {
    std::map<std::string, Role, std::less<>> roles;
    std::map<std::string, Actions, std::less<>> gates;  ///< what the peer's script releases
    int buffers;     ///< of the kernel for sending; 0: its own idea
    bool datagrams;  ///< else streams

    Script(const protohost::Options& options, bool datagrams);
};

}  // namespace conformance
