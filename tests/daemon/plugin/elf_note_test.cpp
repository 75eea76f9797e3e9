// SPDX-License-Identifier: MIT
#include "daemon/plugin/elf_note.hpp"

#include <array>
#include <elf.h>
#include <random>

#include <gtest/gtest.h>

#include "tests/daemon/plugin/guest_files.hpp"

namespace protohost::plugin {
namespace {

using testing::Bytes;
using testing::guest_bytes;
using testing::note_offset;
using testing::patch;
using testing::text;

std::string refusal(const Bytes& image) {
    return text(identify("x.so", image));
}

/// good.so with one word of its note replaced.
std::string refusal_with_note(std::size_t field, std::uint32_t value) {
    Bytes image = guest_bytes("good");
    patch(image, note_offset(image) + field, value);
    return refusal(image);
}

TEST(ElfNote, ReadsWhatAPluginSaysAboutItself) {
    const auto result = identify("x.so", guest_bytes("good"));
    ASSERT_TRUE(result) << text(result);
    const Identity& identity = result.value();
    EXPECT_EQ(identity.name, "good");
    EXPECT_EQ(identity.version, "1.2.3");
    EXPECT_EQ(identity.abi_major, 1U);
    EXPECT_EQ(identity.abi_minor, PH_ABI_MINOR);
    EXPECT_EQ(identity.min_host_minor, 0U);
    EXPECT_EQ(identity.flags, 0U);
    EXPECT_EQ(identity.build_id.size(), 40U);
    EXPECT_EQ(identity.build_id.find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(ElfNote, RefusesWhatIsNoElfFile) {
    EXPECT_EQ(refusal({}), "x.so: the file is empty (copy or build it again)\n");
    EXPECT_EQ(refusal(Bytes(5000, std::byte{'a'})),
              "x.so: not an ELF file (a plugin is a shared object)\n");
    EXPECT_EQ(refusal(Bytes(2, std::byte{'a'})),
              "x.so: not an ELF file (a plugin is a shared object)\n");
}

TEST(ElfNote, RefusesEveryTruncation) {
    const Bytes whole = guest_bytes("good");
    for (std::size_t length = 1; length < whole.size(); ++length) {
        const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        ASSERT_EQ(refusal(part), "x.so: the ELF file is truncated (copy or build it again)\n")
            << length;
    }
}

TEST(ElfNote, SurvivesFlippedBytes) {
    const Bytes whole = guest_bytes("good");
    std::mt19937 random(7);
    int refused = 0;
    for (int round = 0; round < 20000; ++round) {
        Bytes image = whole;
        // Mostly in the headers and notes, which are all in the first kilobyte.
        const std::size_t span = round % 2 == 0 ? 1024 : image.size();
        for (int flips = 0; flips < 1 + round % 8; ++flips) {
            image[random() % span] = static_cast<std::byte>(random());
        }
        image.resize(round % 5 == 0 ? random() % image.size() : image.size());
        if (!identify("x.so", image)) ++refused;
    }
    EXPECT_GT(refused, 5000);
    EXPECT_LT(refused, 20000);
}

TEST(ElfNote, NamesBothArchitectures) {
    Bytes image = guest_bytes("good");
    const auto ours = static_cast<std::uint16_t>(std::to_integer<unsigned>(image[18]));
    if (ours != EM_X86_64) GTEST_SKIP() << "the texts below are those of an x86-64 daemon";
    patch(image, offsetof(Elf64_Ehdr, e_machine), std::uint16_t{EM_AARCH64});
    EXPECT_EQ(refusal(image),
              "x.so: built for aarch64, this daemon is x86-64 (build it for this machine)\n");
    patch(image, offsetof(Elf64_Ehdr, e_machine), std::uint16_t{4711});
    EXPECT_EQ(
        refusal(image),
        "x.so: built for ELF machine 4711, this daemon is x86-64 (build it for this machine)\n");
}

TEST(ElfNote, RefusesOtherKindsOfElf) {
    Bytes image = guest_bytes("good");
    patch(image, EI_CLASS, std::uint8_t{ELFCLASS32});
    EXPECT_EQ(refusal(image),
              "x.so: built for 32 bits, this daemon is 64-bit (build it for this machine)\n");
    patch(image, EI_CLASS, std::uint8_t{9});
    EXPECT_EQ(refusal(image),
              "x.so: not an ELF file of a known class (build it for this machine)\n");

    image = guest_bytes("good");
    patch(image, EI_DATA, std::uint8_t{ELFDATA2MSB});
    EXPECT_EQ(
        refusal(image),
        "x.so: built for the other byte order than this daemon (build it for this machine)\n");

    image = guest_bytes("good");
    patch(image, offsetof(Elf64_Ehdr, e_type), std::uint16_t{ET_REL});
    EXPECT_EQ(refusal(image), "x.so: not a shared object (build it with protohost_add_plugin())\n");
}

TEST(ElfNote, RefusesASharedObjectThatIsNoPlugin) {
    EXPECT_EQ(refusal(guest_bytes("no_note")),
              "x.so: not a protohost plugin (build it with protohost_add_plugin())\n");
    EXPECT_EQ(refusal(guest_bytes("two_notes")),
              "x.so: has more than one protohost note (a plugin is one name in one file)\n");
}

TEST(ElfNote, NamesBothVersionsOfTheAbi) {
    EXPECT_EQ(refusal_with_note(offsetof(ph_note, major), 2),
              "x.so: built for plugin ABI 2.0, this daemon speaks 1.0 "
              "(rebuild it against an older SDK, or upgrade the daemon)\n");
    EXPECT_EQ(refusal_with_note(offsetof(ph_note, major), 0),
              "x.so: built for plugin ABI 0.0, this daemon speaks 1.0 "
              "(rebuild it against the SDK of this daemon)\n");
    EXPECT_EQ(refusal_with_note(offsetof(ph_note, min_host_minor), 7),
              "x.so: needs plugin ABI 1.7 or newer, this daemon speaks 1.0 "
              "(rebuild it against an older SDK, or upgrade the daemon)\n");
}

TEST(ElfNote, AcceptsANewerMinorThatDoesNotNeedIt) {
    EXPECT_EQ(refusal_with_note(offsetof(ph_note, minor), 7), "no error\n");
}

TEST(ElfNote, RefusesUnknownFlags) {
    EXPECT_EQ(refusal_with_note(offsetof(ph_note, flags), 0x83),
              "x.so: the note sets flags 0x80, unknown to this daemon (upgrade the daemon)\n");
}

TEST(ElfNote, RefusesNamesThatCouldNotStandInAPath) {
    Bytes image = guest_bytes("good");
    const std::size_t note = note_offset(image);
    patch(image, note + offsetof(ph_note, name), std::array{'.', '.', '/', '\x1b'});
    patch(image, note + offsetof(ph_note, version), std::array{'1', ' ', '2', '\0'});
    EXPECT_EQ(refusal(image),
              "x.so: the note names the plugin \"../\\x1b\" (a name is letters, digits, - and _)\n"
              "x.so: the note gives version \"1 2\" "
              "(a version is printable ASCII without spaces)\n");
    patch(image, note + offsetof(ph_note, name), '\0');
    patch(image, note + offsetof(ph_note, version), '\0');
    EXPECT_EQ(refusal(image),
              "x.so: the note names the plugin \"\" (a name is letters, digits, - and _)\n");
}

TEST(ElfNote, RefusesANoteOfAnotherSize) {
    EXPECT_EQ(refusal_with_note(offsetof(ph_note, descsz), 76),
              "x.so: its protohost note is malformed (build it again)\n");
    EXPECT_EQ(refusal_with_note(offsetof(ph_note, descsz), 0xffffffff),
              "x.so: an ELF note runs over its segment (copy or build it again)\n");
}

}  // namespace
}  // namespace protohost::plugin
