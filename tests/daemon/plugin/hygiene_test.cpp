// SPDX-License-Identifier: MIT
#include "daemon/plugin/hygiene.hpp"

#include <algorithm>
#include <elf.h>
#include <random>

#include <gtest/gtest.h>

#include "daemon/plugin/elf_image.hpp"
#include "tests/daemon/plugin/guest_files.hpp"

namespace protohost::plugin {
namespace {

using testing::Bytes;
using testing::guest_bytes;
using testing::patch;
using testing::text;

base::Result<Hygiene> checked(const Bytes& image, std::uint32_t flags = 0) {
    Identity identity;
    identity.flags = flags;
    return check_hygiene("x.so", identity, image);
}

std::string refusal(const Bytes& image) {
    return text(checked(image));
}

std::string why_stays(const std::string& guest) {
    const Bytes image = guest_bytes(guest);
    return check_hygiene("x.so", identify("x.so", image).value(), image).value().stays_mapped;
}

/// Where the dynamic section says something, and where it ends.
struct DynamicSection {
    std::size_t begin = 0;
    std::size_t size = 0;

    explicit DynamicSection(const Bytes& image) {
        for (const Elf64_Phdr& program : read_program_headers("x.so", image).value()) {
            if (program.p_type != PT_DYNAMIC) continue;
            begin = program.p_offset;
            size = program.p_filesz;
        }
    }
    std::size_t offset_of(const Bytes& image, std::int64_t tag) const {
        for (std::size_t at = begin; at < begin + size; at += sizeof(Elf64_Dyn)) {
            if (read_at<Elf64_Dyn>(image, at)->d_tag == tag) return at;
        }
        std::abort();
    }
};

/// good.so with one value of its dynamic section changed.
Bytes with_dynamic(std::int64_t tag, std::uint64_t set, std::uint64_t keep = 0) {
    Bytes image = guest_bytes("good");
    const std::size_t at = DynamicSection(image).offset_of(image, tag) + offsetof(Elf64_Dyn, d_un);
    patch(image, at, (*read_at<std::uint64_t>(image, at) & keep) | set);
    return image;
}

TEST(Hygiene, IsGoodWhereTheSdkBuiltThePlugin) {
    const auto found = checked(guest_bytes("good"));
    ASSERT_TRUE(found) << text(found);
    EXPECT_EQ(found->stays_mapped, "");
    EXPECT_EQ(std::count(found->needed.begin(), found->needed.end(), "libc.so.6"), 1);
    EXPECT_GE(found->mapped_bytes, guest_bytes("good").size() / 4);
    EXPECT_EQ(found->mapped_bytes % 4096, 0U);
    EXPECT_LT(found->mapped_bytes, std::uint64_t{64} << 20);
}

TEST(Hygiene, RefusesWhatGenerationsWouldShare) {
    const std::string all = refusal(guest_bytes("careless"));
    EXPECT_NE(all.find("x.so: exports \"_Z"), std::string::npos) << all;
    EXPECT_NE(all.find(" beside its entry function (build it with protohost_add_plugin(), which "
                       "exports nothing else)\n"),
              std::string::npos)
        << all;
    EXPECT_NE(all.find("x.so: has the GNU unique symbol \"_ZZ7countervE5count\": its generations "
                       "would share what is static (build it with protohost_add_plugin(), which "
                       "compiles with -fno-gnu-unique)\n"),
              std::string::npos)
        << all;
}

TEST(Hygiene, RefusesTextRelocations) {
    const std::string expected =
        "x.so: has text relocations: its code would have to be writable (build it with "
        "protohost_add_plugin(), and everything in it with -fPIC)\n";
    EXPECT_EQ(refusal(guest_bytes("text_relocation")), expected);
    EXPECT_EQ(refusal(with_dynamic(DT_FLAGS, DF_TEXTREL, ~std::uint64_t{0})), expected);
}

TEST(Hygiene, NeedsTheEntryFunction) {
    EXPECT_EQ(refusal(guest_bytes("no_entry")),
              "x.so: does not export protohost_plugin_entry_v1 (build it with "
              "protohost_add_plugin())\n");
    EXPECT_EQ(refusal(guest_bytes("next_entry")),
              "x.so: exports protohost_plugin_entry_v2, this daemon calls "
              "protohost_plugin_entry_v1 (rebuild it against the SDK of this daemon)\n");
}

TEST(Hygiene, SaysWhyCodeStaysMapped) {
    EXPECT_EQ(why_stays("pinned"), "it asks for that (PH_PLUGIN_PIN)");
    EXPECT_EQ(why_stays("thread_local_object"), "it has thread-local objects with destructors");
    EXPECT_EQ(checked(guest_bytes("good"), PH_PLUGIN_THREADS)->stays_mapped,
              "it starts threads (PH_PLUGIN_THREADS)");
    EXPECT_EQ(checked(with_dynamic(DT_FLAGS_1, DF_1_NODELETE, ~std::uint64_t{0}))->stays_mapped,
              "it is linked with -z nodelete");
}

TEST(Hygiene, RefusesADynamicSectionThatMakesNoSense) {
    const std::string expected =
        "x.so: what it tells the dynamic linker makes no sense (copy or build it again)\n";
    EXPECT_EQ(refusal(with_dynamic(DT_SYMTAB, 0x7fffffff)), expected);
    EXPECT_EQ(refusal(with_dynamic(DT_STRTAB, ~std::uint64_t{0})), expected);
    EXPECT_EQ(refusal(with_dynamic(DT_STRSZ, 1)), expected);
    EXPECT_EQ(refusal(with_dynamic(DT_STRSZ, ~std::uint64_t{0})), expected);
    EXPECT_EQ(refusal(with_dynamic(DT_NEEDED, 0x7fffffff)), expected);
    EXPECT_EQ(refusal(with_dynamic(DT_GNU_HASH, 0x7fffffff)), expected);

    Bytes endless = guest_bytes("good");
    const DynamicSection section(endless);
    patch(endless, section.offset_of(endless, DT_NULL), std::int64_t{DT_DEBUG});
    for (std::size_t at = section.begin; at < section.begin + section.size;
         at += sizeof(Elf64_Dyn)) {
        if (*read_at<std::int64_t>(endless, at) == DT_NULL) {
            patch(endless, at, std::int64_t{DT_DEBUG});
        }
    }
    EXPECT_EQ(refusal(endless), expected);
}

/// Writes nonsense where the dynamic linker would look, and into its tables.
TEST(Hygiene, SurvivesNonsense) {
    const Bytes whole = guest_bytes("good");
    const DynamicSection section(whole);
    std::mt19937_64 random(11);
    int refused = 0;
    for (int round = 0; round < 20000; ++round) {
        Bytes image = whole;
        for (int changes = 0; changes < 1 + round % 3; ++changes) {
            std::uint64_t value = random();
            if (round % 4 == 0) value = random() % image.size();
            const std::size_t place = round % 2 == 0
                                          ? section.begin + random() % (section.size / 8) * 8
                                          : random() % 4096;
            patch(image, place, value);
        }
        if (!checked(image)) ++refused;
    }
    EXPECT_GT(refused, 2000);
    EXPECT_LT(refused, 20000);
}

}  // namespace
}  // namespace protohost::plugin
