// SPDX-License-Identifier: MIT
#include "daemon/plugin/elf_note.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/base/digest.hpp"
#include "daemon/base/format.hpp"
#include "daemon/model/value.hpp"
#include "daemon/plugin/elf_image.hpp"

#include <protohost/abi.h>

namespace protohost::plugin {
namespace {

constexpr std::uint32_t known_flags = PH_PLUGIN_PIN | PH_PLUGIN_THREADS;
constexpr std::size_t name_offset = offsetof(ph_note, name) - offsetof(ph_note, major);
constexpr std::size_t version_offset = offsetof(ph_note, version) - offsetof(ph_note, major);
constexpr std::size_t description_size = sizeof(ph_note) - offsetof(ph_note, major);
static_assert(description_size == 80, "the note's layout is frozen");

bool is_ours(const ElfNote& note) {
    return note.owner == PH_NOTE_OWNER && note.type == PH_NOTE_TYPE;
}

/// A NUL-padded field, which may use its last byte too.
std::string padded_text(std::span<const std::byte> field) {
    const auto end = std::find(field.begin(), field.end(), std::byte{0});
    std::string text;
    for (auto at = field.begin(); at != end; ++at) text.push_back(std::to_integer<char>(*at));
    return text;
}

std::optional<Identity> parse_note(const ElfNote& note) {
    const auto description = note.description;
    const auto major = read_at<std::uint32_t>(description, 0);
    const auto minor = read_at<std::uint32_t>(description, 4);
    if (!major || !minor) return std::nullopt;
    Identity identity;
    identity.abi_major = *major;
    identity.abi_minor = *minor;
    // Another major may lay out the rest otherwise, so it is not even looked at.
    if (*major != PH_ABI_MAJOR) return identity;
    if (description.size() != description_size) return std::nullopt;
    identity.min_host_minor = *read_at<std::uint32_t>(description, 8);
    identity.flags = *read_at<std::uint32_t>(description, 12);
    identity.name = padded_text(description.subspan(name_offset, sizeof(ph_note::name)));
    identity.version = padded_text(description.subspan(version_offset, sizeof(ph_note::version)));
    return identity;
}

base::Errors check_abi(const std::string& label, const Identity& identity) {
    const std::string speaks = base::format("this daemon speaks {}.{}", PH_ABI_MAJOR, PH_ABI_MINOR);
    if (identity.abi_major != PH_ABI_MAJOR) {
        const char* hint = identity.abi_major > PH_ABI_MAJOR
                               ? "rebuild it against an older SDK, or upgrade the daemon"
                               : "rebuild it against the SDK of this daemon";
        return base::failure(
            label,
            base::format(
                "built for plugin ABI {}.{}, {}", identity.abi_major, identity.abi_minor, speaks),
            hint);
    }
    if (identity.min_host_minor > PH_ABI_MINOR) {
        return base::failure(label,
                             base::format("needs plugin ABI {}.{} or newer, {}",
                                          identity.abi_major,
                                          identity.min_host_minor,
                                          speaks),
                             "rebuild it against an older SDK, or upgrade the daemon");
    }
    return {};
}

base::Errors check_words(const std::string& label, const Identity& identity) {
    base::Errors errors;
    if (!is_name(identity.name)) {
        errors.push_back({label,
                          base::format("the note names the plugin {}", model::quote(identity.name)),
                          "a name is letters, digits, - and _"});
    }
    const bool printable = std::all_of(identity.version.begin(),
                                       identity.version.end(),
                                       [](char c) { return c > 0x20 && c < 0x7f; });
    if (!printable) {
        errors.push_back({label,
                          base::format("the note gives version {}", model::quote(identity.version)),
                          "a version is printable ASCII without spaces"});
    }
    if (const std::uint32_t unknown = identity.flags & ~known_flags; unknown != 0) {
        errors.push_back(
            {label,
             base::format("the note sets flags {:#x}, unknown to this daemon", unknown),
             "upgrade the daemon"});
    }
    return errors;
}

}  // namespace

bool is_name(std::string_view text) {
    const auto is_word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    return !text.empty() && is_word(text.front()) &&
           std::all_of(text.begin(), text.end(), [&](char c) {
               return is_word(c) || c == '-' || c == '_';
           });
}

base::Result<Identity> identify(const std::string& label, std::span<const std::byte> image) {
    auto read = read_notes(label, image);
    if (!read) return read.error();
    const std::vector<ElfNote> notes = std::move(*read);
    const auto ours = std::count_if(notes.begin(), notes.end(), is_ours);
    if (ours == 0) {
        return base::failure(
            label, "not a protohost plugin", "build it with protohost_add_plugin()");
    }
    if (ours > 1) {
        return base::failure(
            label, "has more than one protohost note", "a plugin is one name in one file");
    }

    auto identity = parse_note(*std::find_if(notes.begin(), notes.end(), is_ours));
    if (!identity) return base::failure(label, "its protohost note is malformed", "build it again");
    if (auto errors = check_abi(label, *identity); !errors.empty()) return errors;
    if (auto errors = check_words(label, *identity); !errors.empty()) return errors;
    for (const ElfNote& note : notes) {
        if (note.owner == "GNU" && note.type == NT_GNU_BUILD_ID) {
            identity->build_id = base::hexadecimal(note.description);
        }
    }
    return std::move(*identity);
}

}  // namespace protohost::plugin
