// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/plugin/elf_note.hpp"

#include <protohost/abi.h>

namespace protohost::plugin {

/// One factory of a plugin, as its table declares it.
struct DeclaredFactory {
    std::string name;
    std::uint32_t kind = 0;  ///< PH_STREAM ...
    std::string summary;
    std::span<const ph_option> options;  ///< static data of the plugin
    ph_factory table{};                  ///< ours; what the plugin's is too short for is zero
};

/// What the entry function returned, checked and copied: a plugin built against an older header has
/// shorter tables, one built against a newer header longer ones.
struct Declaration {
    ph_plugin table{};
    std::vector<DeclaredFactory> factories;
};

/// Every fault of the tables at once. `label` is the `where` of the errors.
base::Result<Declaration> read_declaration(const std::string& label,
                                           const Identity& identity,
                                           const ph_plugin& given);

/// "stream" for PH_STREAM; empty for a kind this daemon does not know.
std::string_view kind_name(std::uint32_t kind);

/// Whether the factory makes what the unit called `title` can run: protocols of the kind `wanted`.
base::Errors check_kind(const std::string& where,
                        const DeclaredFactory& declared,
                        std::uint32_t wanted,
                        const std::string& title);

}  // namespace protohost::plugin
