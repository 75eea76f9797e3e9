// SPDX-License-Identifier: MIT
#include "daemon/plugin/dynamic_table.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <unistd.h>

#include "daemon/plugin/elf_image.hpp"

namespace protohost::plugin {
namespace {

using Bytes = std::span<const std::byte>;

/// Reads by the addresses that the object would have in memory.
class Reader {
public:
    Reader(Bytes image, std::span<const Elf64_Phdr> programs)
        : image_(image), programs_(programs) {}

    /// Everything from `address` to the end of its segment in the file.
    std::optional<Bytes> from(std::uint64_t address) const;
    /// The values of the dynamic section by their tags; the last one where a tag comes repeatedly.
    bool read_dynamic_section();
    bool fill(DynamicTable& table) const;

private:
    std::optional<std::uint64_t> value(std::int64_t tag) const;
    std::optional<Bytes> at(std::int64_t tag) const;
    bool has_flag(std::int64_t tag, std::uint64_t flag) const;
    std::optional<std::uint64_t> symbol_count() const;
    std::optional<std::uint64_t> count_by_gnu_hash(Bytes table) const;
    std::optional<std::string_view> string(std::uint64_t offset) const;
    bool read_symbols(std::vector<DynamicSymbol>& symbols) const;

    Bytes image_;
    std::span<const Elf64_Phdr> programs_;
    std::map<std::int64_t, std::uint64_t> values_;
    std::vector<std::uint64_t> needed_;
};

std::optional<Bytes> Reader::from(std::uint64_t address) const {
    for (const Elf64_Phdr& program : programs_) {
        if (program.p_type != PT_LOAD || address < program.p_vaddr) continue;
        const std::uint64_t offset = address - program.p_vaddr;
        if (offset >= program.p_filesz) continue;
        return image_.subspan(program.p_offset + offset, program.p_filesz - offset);
    }
    return std::nullopt;
}

bool Reader::read_dynamic_section() {
    const auto found = std::find_if(programs_.begin(), programs_.end(), [](const auto& program) {
        return program.p_type == PT_DYNAMIC;
    });
    if (found == programs_.end()) return false;
    const auto section = slice(image_, found->p_offset, found->p_filesz);
    if (!section) return false;
    for (std::uint64_t offset = 0;; offset += sizeof(Elf64_Dyn)) {
        const auto entry = read_at<Elf64_Dyn>(*section, offset);
        if (!entry) return false;
        if (entry->d_tag == DT_NULL) return true;
        if (entry->d_tag == DT_NEEDED) needed_.push_back(entry->d_un.d_val);
        values_[entry->d_tag] = entry->d_un.d_val;
    }
}

std::optional<std::uint64_t> Reader::value(std::int64_t tag) const {
    const auto found = values_.find(tag);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Bytes> Reader::at(std::int64_t tag) const {
    const auto address = value(tag);
    return address ? from(*address) : std::nullopt;
}

bool Reader::has_flag(std::int64_t tag, std::uint64_t flag) const {
    return (value(tag).value_or(0) & flag) != 0;
}

/// The table says where the chain of each bucket begins, and a chain where it ends: the symbol at
/// the end of the last chain is the last of all.
std::optional<std::uint64_t> Reader::count_by_gnu_hash(Bytes table) const {
    const auto buckets = read_at<std::uint32_t>(table, 0);
    const auto first = read_at<std::uint32_t>(table, 4);
    const auto bloom = read_at<std::uint32_t>(table, 8);
    if (!buckets || !first || !bloom) return std::nullopt;
    const std::uint64_t buckets_at = 16 + std::uint64_t{*bloom} * 8;
    const std::uint64_t chains_at = buckets_at + std::uint64_t{*buckets} * 4;
    if (!slice(table, 0, chains_at)) return std::nullopt;
    std::uint64_t last = 0;
    for (std::uint64_t i = 0; i < *buckets; ++i) {
        last = std::max<std::uint64_t>(last, *read_at<std::uint32_t>(table, buckets_at + i * 4));
    }
    if (last < *first) return *first;
    while (true) {
        const auto link = read_at<std::uint32_t>(table, chains_at + (last - *first) * 4);
        if (!link) return std::nullopt;
        ++last;
        if ((*link & 1) != 0) return last;
    }
}

std::optional<std::uint64_t> Reader::symbol_count() const {
    if (const auto table = at(DT_GNU_HASH)) return count_by_gnu_hash(*table);
    if (const auto table = at(DT_HASH)) return read_at<std::uint32_t>(*table, 4);
    return std::nullopt;
}

std::optional<std::string_view> Reader::string(std::uint64_t offset) const {
    const auto table = at(DT_STRTAB);
    const auto size = value(DT_STRSZ);
    if (!table || !size) return std::nullopt;
    const auto strings = slice(*table, 0, *size);
    if (!strings || offset >= strings->size()) return std::nullopt;
    const Bytes rest = strings->subspan(offset);
    const auto end = std::find(rest.begin(), rest.end(), std::byte{0});
    if (end == rest.end()) return std::nullopt;
    return std::string_view(reinterpret_cast<const char*>(rest.data()),
                            static_cast<std::size_t>(end - rest.begin()));
}

/// ELF64_ST_BIND, whose casts are C's.
unsigned binding_of(const Elf64_Sym& symbol) {
    return unsigned{symbol.st_info} >> 4U;
}

bool Reader::read_symbols(std::vector<DynamicSymbol>& symbols) const {
    const auto count = symbol_count();
    const auto table = at(DT_SYMTAB);
    if (!count || !table) return false;
    // The first one is no symbol.
    for (std::uint64_t i = 1; i < *count; ++i) {
        const auto symbol = read_at<Elf64_Sym>(*table, i * sizeof(Elf64_Sym));
        if (!symbol) return false;
        const auto name = string(symbol->st_name);
        if (!name) return false;
        symbols.push_back({*name, binding_of(*symbol), symbol->st_shndx != SHN_UNDEF});
    }
    return true;
}

bool Reader::fill(DynamicTable& table) const {
    if (!read_symbols(table.symbols)) return false;
    for (const std::uint64_t offset : needed_) {
        const auto name = string(offset);
        if (!name) return false;
        table.needed.push_back(*name);
    }
    table.has_text_relocations = value(DT_TEXTREL).has_value() || has_flag(DT_FLAGS, DF_TEXTREL);
    table.is_never_unmapped = has_flag(DT_FLAGS_1, DF_1_NODELETE);
    return true;
}

std::uint64_t mapped_bytes(std::span<const Elf64_Phdr> programs) {
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    std::uint64_t sum = 0;
    for (const Elf64_Phdr& program : programs) {
        if (program.p_type != PT_LOAD) continue;
        const std::uint64_t begin = program.p_vaddr / page;
        const std::uint64_t end = (program.p_vaddr + program.p_memsz + page - 1) / page;
        if (end > begin) sum += (end - begin) * page;
    }
    return sum;
}

}  // namespace

base::Result<DynamicTable> read_dynamic_table(const std::string& label, Bytes image) {
    const auto programs = read_program_headers(label, image);
    if (!programs) return programs.error();
    Reader reader(image, *programs);
    DynamicTable table;
    if (!reader.read_dynamic_section() || !reader.fill(table)) {
        return base::failure(
            label, "what it tells the dynamic linker makes no sense", "copy or build it again");
    }
    table.mapped_bytes = mapped_bytes(*programs);
    return table;
}

}  // namespace protohost::plugin
