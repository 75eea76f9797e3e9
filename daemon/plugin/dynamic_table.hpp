// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"

namespace protohost::plugin {

/// A symbol that the dynamic linker sees. Views the image it was read from, as all of this.
struct DynamicSymbol {
    std::string_view name;
    unsigned binding = 0;  ///< STB_GLOBAL ...
    bool is_defined = false;
};

/// What a shared object tells the dynamic linker.
struct DynamicTable {
    std::vector<DynamicSymbol> symbols;
    std::vector<std::string_view> needed;  ///< the libraries that it is linked with
    bool has_text_relocations = false;
    bool is_never_unmapped = false;  ///< DF_1_NODELETE
    std::uint64_t mapped_bytes = 0;  ///< of memory, in whole pages
};

/// Safe on any bytes whatever. `label` is the `where` of the errors.
base::Result<DynamicTable> read_dynamic_table(const std::string& label,
                                              std::span<const std::byte> image);

}  // namespace protohost::plugin
