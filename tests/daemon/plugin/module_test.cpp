// SPDX-License-Identifier: MIT
#include "daemon/plugin/module.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <filesystem>
#include <sys/mman.h>

#include "tests/daemon/plugin/loaded_guest.hpp"

namespace protohost::plugin {
namespace {

using testing::text;

class ModuleTest : public testing::LoadedGuest {
protected:
    std::string refusal(const std::string& name) { return text(try_open(name)); }
    std::string load_refusal(const std::string& name) { return text(open(name)->load(&context_)); }
};

TEST_F(ModuleTest, TellsWhatItIs) {
    const auto module = load("good");
    EXPECT_EQ(module->name(), "good");
    EXPECT_EQ(module->identity().version, "1.2.3");
    EXPECT_EQ(module->generation(), 1U);
    EXPECT_EQ(module->staged().source, path_of("good"));
    EXPECT_TRUE(module->staged().path.starts_with(staging_->path() + "/good.g1."));
    ASSERT_EQ(module->factories().size(), 1U);
    EXPECT_EQ(module->factories()[0].name, "good");
    EXPECT_EQ(module->factories()[0].kind, std::uint32_t{PH_STREAM});
    EXPECT_EQ(module->factories()[0].summary, "says hello");
    EXPECT_EQ(module->factories()[0].options.size(), 5U);
}

TEST_F(ModuleTest, RunsNothingButTheEntryBeforeLoadAndUnloadsAtTheEnd) {
    auto module = open("good");
    EXPECT_EQ(context_.said, std::vector<std::string>{});
    EXPECT_EQ(text(module->load(&context_)), "");
    EXPECT_EQ(context_.said, std::vector<std::string>{"load"});
    EXPECT_EQ(module->quiesce(0), PH_E_BUSY);
    EXPECT_EQ(module->quiesce(1), PH_OK);
    module.reset();
    EXPECT_EQ(context_.said, (std::vector<std::string>{"load", "quiesce", "quiesce", "unload"}));
}

TEST_F(ModuleTest, IsNotUnloadedWhereItWasNotLoaded) {
    open("good").reset();
    EXPECT_EQ(context_.said, std::vector<std::string>{});
}

TEST_F(ModuleTest, IsItsOwnGenerationEachTime) {
    const auto first = load("good");
    const auto second = load("good");
    EXPECT_NE(first->factories()[0].table.configure, second->factories()[0].table.configure);
    EXPECT_NE(first->instance(), second->instance());
    EXPECT_EQ(second->generation(), 2U);
}

TEST_F(ModuleTest, StaysMappedWhenItIsGone) {
    auto module = load("good");
    const std::string path = module->staged().path;
    EXPECT_TRUE(is_mapped(path));
    module.reset();
    EXPECT_TRUE(is_mapped(path));
    EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(ModuleTest, IsUnmappedOnRequest) {
    if (is_sanitized()) GTEST_SKIP() << "a build with sanitizers unmaps nothing";
    auto module = load("good");
    const std::string path = module->staged().path;
    module->unload();
    EXPECT_EQ(context_.said, (std::vector<std::string>{"load", "unload"}));
    EXPECT_EQ(module->unmap(), "");
    EXPECT_FALSE(is_mapped(path));
    module.reset();
    EXPECT_EQ(context_.said, (std::vector<std::string>{"load", "unload"}));
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(ModuleTest, LeavesTheLibrariesThatItBroughtMapped) {
    if (is_sanitized()) GTEST_SKIP() << "a build with sanitizers unmaps nothing";
    const std::string companion =
        std::filesystem::canonical(PROTOHOST_BUILD_DIR "/tests/guests/companion/libcompanion.so");
    EXPECT_FALSE(is_mapped(companion));
    auto module = load("with_companion");
    EXPECT_TRUE(is_mapped(companion));
    module->unload();
    EXPECT_EQ(module->unmap(), "");
    EXPECT_FALSE(is_mapped(module->staged().path));
    EXPECT_TRUE(is_mapped(companion));
}

TEST_F(ModuleTest, SaysWhyItIsStillMapped) {
    for (const std::string guest : {"pinned", "thread_local_object"}) {
        auto module = load(guest);
        const std::string path = module->staged().path;
        module->unload();
        EXPECT_EQ(module->unmap(), module->staged().hygiene.stays_mapped);
        EXPECT_NE(module->unmap(), "");
        module.reset();
        EXPECT_TRUE(is_mapped(path));
        EXPECT_TRUE(std::filesystem::exists(path));
    }
}

TEST_F(ModuleTest, SaysWhereTheLoaderHoldsIt) {
    if (is_sanitized()) GTEST_SKIP() << "a build with sanitizers unmaps nothing";
    auto module = load("good");
    const std::string path = module->staged().path;
    void* const held = ::dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD);
    module->unload();
    EXPECT_EQ(module->unmap(), "the loader holds it");
    module.reset();
    EXPECT_TRUE(std::filesystem::exists(path));
    ::dlclose(held);
}

TEST(Mapping, IsFoundWhateverTheNameHasInIt) {
    const testing::TemporaryFolder folder;
    const std::string path = folder / "a b\nc.so";
    testing::write_bytes(path, testing::Bytes(4096, std::byte{1}));
    EXPECT_FALSE(is_mapped(path));
    const base::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    void* const mapping = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, file.get(), 0);
    ASSERT_NE(mapping, MAP_FAILED);
    EXPECT_TRUE(is_mapped(path));
    ::munmap(mapping, 4096);
    EXPECT_FALSE(is_mapped(path));
}

TEST_F(ModuleTest, NamesTheUndefinedSymbol) {
    EXPECT_EQ(refusal("undefined_symbol"),
              path_of("undefined_symbol") +
                  ": cannot be loaded: undefined symbol: nobody_defines_this (build it with "
                  "protohost_add_plugin(), which links nothing undefined)\n");
}

TEST_F(ModuleTest, NeedsItsEntryFunction) {
    EXPECT_EQ(refusal("no_entry"),
              path_of("no_entry") +
                  ": does not export protohost_plugin_entry_v1 (build it with "
                  "protohost_add_plugin())\n");
    EXPECT_EQ(refusal("next_entry"),
              path_of("next_entry") +
                  ": exports protohost_plugin_entry_v2, this daemon calls "
                  "protohost_plugin_entry_v1 (rebuild it against the SDK of this daemon)\n");
}

TEST_F(ModuleTest, MayRefuseTheDaemon) {
    EXPECT_EQ(refusal("refuses"),
              path_of("refuses") + ": it refuses this daemon, which speaks plugin ABI 1.0\n");
}

TEST_F(ModuleTest, SurvivesThrowsFromEntryAndLoad) {
    EXPECT_EQ(refusal("throws_in_entry"),
              path_of("throws_in_entry") + ": its entry function threw an exception: not today\n");
    EXPECT_EQ(load_refusal("throws_in_load"),
              path_of("throws_in_load") + ": load: threw an exception of an unknown type\n");
}

TEST_F(ModuleTest, RepeatsWhatLoadSays) {
    EXPECT_EQ(load_refusal("fails_in_load"),
              path_of("fails_in_load") + ": load: no licence for this machine\n");
    base::set_failure("the text of something else");
    EXPECT_EQ(load_refusal("fails_silently"),
              path_of("fails_silently") + ": load: not now, without saying why\n");
}

TEST_F(ModuleTest, MustAgreeWithItsNote) {
    EXPECT_EQ(
        refusal("other_name"),
        path_of("other_name") + ": its note names it \"some_name\", its table \"other_name\"\n");
}

TEST_F(ModuleTest, ReportsEveryFaultOfItsTables) {
    const std::string file = path_of("bad_tables");
    EXPECT_EQ(refusal("bad_tables"),
              file +
                  ": factory \"options\": option \"patience\" has the default soon, which is no "
                  "duration\n" +
                  file +
                  ": factory \"options\": option \"limit\" is of type 99, unknown to this "
                  "daemon (upgrade the daemon)\n" +
                  file + ": factory \"options\" declares the option \"limit\" twice\n" + file +
                  ": factory \"options\": option \"limit\" sets flags 0x80, unknown to this "
                  "daemon (upgrade the daemon)\n" +
                  file + ": factory \"options\" has an option without a key\n" + file +
                  ": factory \"options\": option \"both\" is required and has a default\n" + file +
                  ": its factory 1 is named \"no name\" (a name is letters, digits, - and "
                  "_)\n" +
                  file +
                  ": factory \"no name\" makes protocols of kind 77, unknown to this daemon "
                  "(upgrade the daemon)\n" +
                  file + ": factory \"no name\" has no configure\n" + file +
                  ": factory \"no name\" has no make_protocol\n" + file +
                  ": it has two factories named \"ok\"\n" + file +
                  ": its factory 4 is only 4 bytes long\n" + file + ": its factory 5 is NULL\n" +
                  file +
                  ": factory \"endless\": its table of 18446744073709551615 options cannot "
                  "be right\n");
    EXPECT_EQ(refusal("no_factory"),
              path_of("no_factory") +
                  ": it sets flags 0x40, unknown to this daemon (upgrade the daemon)\n" +
                  path_of("no_factory") + ": it has no protocol factory\n");
}

TEST_F(ModuleTest, ReadsOlderTablesOnlyToTheirEnds) {
    auto module = load("old_tables");
    EXPECT_EQ(module->factories()[0].table.started, nullptr);
    EXPECT_EQ(module->factories()[0].table.release, nullptr);
    module.reset();
}

TEST_F(ModuleTest, IgnoresWhatNewerTablesHaveMore) {
    EXPECT_EQ(load("new_tables")->factories()[0].name, "new_tables");
}

TEST_F(ModuleTest, FindsItsFactories) {
    const auto one = open("good");
    EXPECT_EQ(one->find_factory("w", "").value(), &one->factories()[0]);
    EXPECT_EQ(one->find_factory("w", "good").value(), &one->factories()[0]);
    EXPECT_EQ(text(one->find_factory("w", "goood")),
              "w: plugin \"good\" has no factory \"goood\" (did you mean \"good\"?)\n");

    const auto two = open("two_factories");
    EXPECT_EQ(two->find_factory("w", "second").value()->name, "second");
    EXPECT_EQ(text(two->find_factory("w", "")),
              "w: plugin \"two_factories\" has several factories (name one of them, as in "
              "two_factories/first; its factories: first, second)\n");
    EXPECT_EQ(
        text(two->find_factory("w", "zzzzzz")),
        "w: plugin \"two_factories\" has no factory \"zzzzzz\" (its factories: first, second)\n");
}

}  // namespace
}  // namespace protohost::plugin
