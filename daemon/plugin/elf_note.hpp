// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "daemon/base/error.hpp"

namespace protohost::plugin {

/// What a plugin file says about itself before any code of it runs.
struct Identity {
    std::string name;
    std::string version;
    std::uint32_t abi_major = 0;
    std::uint32_t abi_minor = 0;
    /// The oldest ABI minor of a daemon that will do.
    std::uint32_t min_host_minor = 0;
    std::uint32_t flags = 0;  ///< PH_PLUGIN_PIN, PH_PLUGIN_THREADS
    std::string build_id;     ///< lower-case hexadecimal; empty: linked without one

    bool operator==(const Identity&) const = default;
};

/// Reads the protohost note and the GNU build-id from the bytes of a shared object, and refuses
/// what this daemon could not load: the wrong format, architecture or ABI. Pure, and safe on any
/// bytes whatever. `label` is the `where` of the errors, the file as the operator named it.
base::Result<Identity> identify(const std::string& label, std::span<const std::byte> image);

/// What a plugin, and each of its factories, may be called: letters, digits, - and _, beginning
/// with a letter or a digit. Such a name can stand in a path, a log line and a configuration key.
bool is_name(std::string_view text);

}  // namespace protohost::plugin
