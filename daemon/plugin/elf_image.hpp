// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <elf.h>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"

namespace protohost::plugin {

/// A note of an ELF file, viewing the image it was read from.
struct ElfNote {
    std::string_view owner;  ///< without the final NUL
    std::uint32_t type = 0;
    std::span<const std::byte> description;
};

/// The bytes [offset, offset + length), or nullopt where the image does not hold all of them.
std::optional<std::span<const std::byte>> slice(std::span<const std::byte> image,
                                                std::uint64_t offset,
                                                std::uint64_t length);

/// A copy, because nothing in a file is known to be aligned.
template <class T>
std::optional<T> read_at(std::span<const std::byte> image, std::uint64_t offset) {
    const auto bytes = slice(image, offset, sizeof(T));
    if (!bytes) return std::nullopt;
    T value;
    std::memcpy(&value, bytes->data(), sizeof(T));
    return value;
}

/// The program headers of a complete 64-bit shared object for this machine; anything else is an
/// error that says what it is instead. The image holds every byte that its PT_NOTE and PT_LOAD
/// segments have in the file.
base::Result<std::vector<Elf64_Phdr>> read_program_headers(const std::string& label,
                                                           std::span<const std::byte> image);

/// Every note of such an object.
base::Result<std::vector<ElfNote>> read_notes(const std::string& label,
                                              std::span<const std::byte> image);

}  // namespace protohost::plugin
