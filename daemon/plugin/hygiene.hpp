// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/plugin/elf_note.hpp"

namespace protohost::plugin {

/// How a plugin gets on with its host and with its own other generations in one process.
struct Hygiene {
    /// Why its code has to stay mapped once it was; empty: nothing that is known speaks against
    /// unmapping it.
    std::string stays_mapped;
    /// The libraries that it is linked with, as the loader knows them: "libc.so.6".
    std::vector<std::string> needed;
    std::uint64_t mapped_bytes = 0;  ///< what its code and data occupy
};

/// Refuses, before any code of it runs, what was linked so that it could disturb others: more than
/// the entry function exported, GNU unique symbols, text relocations. Entry functions of other ABI
/// majors may stand beside ours: a file may serve old and new daemons. Every fault at once, each
/// with its remedy. Pure, and safe on any bytes whatever. `label` is the `where` of the errors.
base::Result<Hygiene> check_hygiene(const std::string& label,
                                    const Identity& identity,
                                    std::span<const std::byte> image);

}  // namespace protohost::plugin
