// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace protohost::unit {

/// loading --> active <--> draining --the last holder is gone--> retiring --> retired | unmapped
///     \--> failed
enum class GenerationState {
    loading,   ///< until the configuration that wants it is committed
    active,    ///< new connections get it
    draining,  ///< is held by what was opened before
    retiring,  ///< nobody holds it; it is asked to stop its threads
    retired,   ///< unloaded; its code is still mapped
    unmapped,
    failed,  ///< never loaded
};

/// "active".
std::string_view to_string(GenerationState state);

/// What there is to know about a generation, for those who only look.
struct GenerationStatus {
    /// One for each binding that lives: a definition's factory with its options.
    struct Holder {
        std::string unit;  ///< "listener echo"
        /// How many objects hold the binding: the unit, its services, each of its connections.
        std::size_t references = 0;
    };

    std::string plugin;
    unsigned number = 0;  ///< never used twice in a process
    std::string version;
    std::string build_id;  ///< empty: linked without one
    std::string sha256;
    std::string source;  ///< as the operator named it
    GenerationState state = GenerationState::loading;
    std::chrono::system_clock::time_point since;  ///< in this state
    /// Why it failed, or why its code is still mapped.
    std::string reason;
    std::vector<Holder> holders;
    std::uint64_t mapped_bytes = 0;
};

}  // namespace protohost::unit
