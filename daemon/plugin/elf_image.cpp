// SPDX-License-Identifier: MIT
#include "daemon/plugin/elf_image.hpp"

#include <bit>

#include "daemon/base/format.hpp"

namespace protohost::plugin {
namespace {

#if defined(__x86_64__)
constexpr std::uint16_t our_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t our_machine = EM_AARCH64;
#elif defined(__riscv)
constexpr std::uint16_t our_machine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr std::uint16_t our_machine = EM_PPC64;
#elif defined(__s390x__)
constexpr std::uint16_t our_machine = EM_S390;
#else
#error "tell elf_image.cpp the ELF machine number of this architecture"
#endif

constexpr unsigned char our_order =
    std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

std::string machine_name(std::uint16_t machine) {
    switch (machine) {
        case EM_X86_64:
            return "x86-64";
        case EM_386:
            return "i386";
        case EM_AARCH64:
            return "aarch64";
        case EM_ARM:
            return "arm";
        case EM_RISCV:
            return "riscv";
        case EM_PPC64:
            return "ppc64";
        case EM_S390:
            return "s390x";
        case EM_MIPS:
            return "mips";
        case EM_LOONGARCH:
            return "loongarch";
        default:
            return base::format("ELF machine {}", machine);
    }
}

const std::string foreign_hint = "build it for this machine";
const std::string truncated_hint = "copy or build it again";

/// What keeps the file from being read as one of ours at all, by its first bytes.
base::Errors check_identification(const std::string& label, std::span<const std::byte> image) {
    if (image.empty()) return base::failure(label, "the file is empty", truncated_hint);
    const std::size_t magic = std::min<std::size_t>(image.size(), SELFMAG);
    if (std::memcmp(image.data(), ELFMAG, magic) != 0) {
        return base::failure(label, "not an ELF file", "a plugin is a shared object");
    }
    const auto id = slice(image, 0, EI_NIDENT);
    if (!id) return base::failure(label, "the ELF file is truncated", truncated_hint);
    const auto at = [&](std::size_t index) { return std::to_integer<unsigned char>((*id)[index]); };
    if (at(EI_CLASS) != ELFCLASS64) {
        const char* what = at(EI_CLASS) == ELFCLASS32 ? "built for 32 bits, this daemon is 64-bit"
                                                      : "not an ELF file of a known class";
        return base::failure(label, what, foreign_hint);
    }
    if (at(EI_DATA) != our_order) {
        return base::failure(
            label, "built for the other byte order than this daemon", foreign_hint);
    }
    if (at(EI_VERSION) != EV_CURRENT) {
        return base::failure(label, base::format("ELF version {} is unknown", at(EI_VERSION)));
    }
    return {};
}

base::Errors check_header(const std::string& label, const Elf64_Ehdr& header) {
    if (header.e_machine != our_machine) {
        return base::failure(label,
                             base::format("built for {}, this daemon is {}",
                                          machine_name(header.e_machine),
                                          machine_name(our_machine)),
                             foreign_hint);
    }
    if (header.e_type != ET_DYN) {
        return base::failure(label, "not a shared object", "build it with protohost_add_plugin()");
    }
    if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0) {
        return base::failure(label, "the ELF file has no program headers", truncated_hint);
    }
    return {};
}

std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
    return (value + alignment - 1) / alignment * alignment;
}

/// Appends the notes of one PT_NOTE segment; false where a note runs over its end.
bool append_notes(std::span<const std::byte> segment,
                  std::uint64_t alignment,
                  std::vector<ElfNote>& notes) {
    const std::uint64_t step = alignment == 8 ? 8 : 4;
    std::uint64_t offset = 0;
    // What is too short for another note is padding.
    while (const auto head = read_at<Elf64_Nhdr>(segment, offset)) {
        const std::uint64_t name_at = offset + sizeof(Elf64_Nhdr);
        const std::uint64_t description_at = align_up(name_at + head->n_namesz, step);
        const auto name = slice(segment, name_at, head->n_namesz);
        const auto description = slice(segment, description_at, head->n_descsz);
        if (!name || !description) return false;
        std::string_view owner(reinterpret_cast<const char*>(name->data()), name->size());
        if (!owner.empty() && owner.back() == '\0') owner.remove_suffix(1);
        notes.push_back({owner, head->n_type, *description});
        offset = align_up(description_at + head->n_descsz, step);
    }
    return true;
}

}  // namespace

std::optional<std::span<const std::byte>> slice(std::span<const std::byte> image,
                                                std::uint64_t offset,
                                                std::uint64_t length) {
    // In this order, so that no sum can wrap around.
    if (offset > image.size() || length > image.size() - offset) return std::nullopt;
    return image.subspan(offset, length);
}

base::Result<std::vector<Elf64_Phdr>> read_program_headers(const std::string& label,
                                                           std::span<const std::byte> image) {
    if (auto errors = check_identification(label, image); !errors.empty()) return errors;
    const base::Errors truncated =
        base::failure(label, "the ELF file is truncated", truncated_hint);
    const auto header = read_at<Elf64_Ehdr>(image, 0);
    if (!header) return truncated;
    if (auto errors = check_header(label, *header); !errors.empty()) return errors;

    // The section headers come last in a file, so a copy that ended early lacks some of them; a
    // stripped file may have none.
    const std::uint64_t sections = std::uint64_t{header->e_shnum} * header->e_shentsize;
    if (header->e_shoff != 0 && !slice(image, header->e_shoff, sections)) return truncated;

    const auto table = slice(image, header->e_phoff, header->e_phnum * sizeof(Elf64_Phdr));
    if (!table) return truncated;
    std::vector<Elf64_Phdr> programs(header->e_phnum);
    std::memcpy(programs.data(), table->data(), table->size());
    for (const Elf64_Phdr& program : programs) {
        if (program.p_type != PT_NOTE && program.p_type != PT_LOAD) continue;
        if (!slice(image, program.p_offset, program.p_filesz)) return truncated;
    }
    return programs;
}

base::Result<std::vector<ElfNote>> read_notes(const std::string& label,
                                              std::span<const std::byte> image) {
    const auto programs = read_program_headers(label, image);
    if (!programs) return programs.error();
    std::vector<ElfNote> notes;
    for (const Elf64_Phdr& program : *programs) {
        if (program.p_type != PT_NOTE) continue;
        const auto segment = image.subspan(program.p_offset, program.p_filesz);
        if (!append_notes(segment, program.p_align, notes)) {
            return base::failure(label, "an ELF note runs over its segment", truncated_hint);
        }
    }
    return notes;
}

}  // namespace protohost::plugin
