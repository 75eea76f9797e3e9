// SPDX-License-Identifier: MIT
#include "daemon/unit/retirement.hpp"

#include <condition_variable>
#include <filesystem>

#include "daemon/plugin/library.hpp"
#include "tests/daemon/unit/loaded_generations.hpp"

namespace protohost::unit {
namespace {

class RetirementTest : public testing::LoadedGenerations {
protected:
    std::string reason(std::size_t index) const { return generations_->list()[index].reason; }
};

TEST_F(RetirementTest, AsksABusyPluginAgainWhileTheLoopRuns) {
    load("busy");
    run_what_waits();
    EXPECT_EQ(said(), Said{"quiesce"});
    EXPECT_EQ(state(0), GenerationState::retiring);
    run_until([&] { return state(0) == GenerationState::retired; });
    EXPECT_EQ(said(), (Said{"quiesce", "quiesce", "quiesce", "unload"}));
}

TEST_F(RetirementTest, GivesUpAPluginThatStaysBusy) {
    make_generations(std::chrono::milliseconds(250));
    load("never_quiesces");  // its unload would abort this process
    run_until([&] { return state(0) == GenerationState::retired; });
    EXPECT_EQ(reason(0), "did not quiesce: busy, without saying why");
    EXPECT_GT(generations_->list()[0].mapped_bytes, 0U);
}

TEST_F(RetirementTest, AtTheEndWaitsForWhatIsBusyAndNotForEver) {
    const auto generation = load("good");
    load("never_quiesces");
    load("busy");
    load("good");
    const auto started = std::chrono::steady_clock::now();
    generations_.reset();
    EXPECT_GE(std::chrono::steady_clock::now() - started, std::chrono::seconds(2));
    // The newest first; what is still held is left alone.
    EXPECT_EQ(
        said(),
        (Said{"load", "load", "quiesce", "quiesce", "unload", "quiesce", "quiesce", "unload"}));
}

TEST_F(RetirementTest, UnmapsOnRequest) {
    generations_->set_unmapped({"good"});
    const auto staged = std::make_unique<plugin::StagedPlugin>(stage("good"));
    const std::string path = staged->path;
    generations_->load(*staged).value();
    EXPECT_TRUE(plugin::is_mapped(path));
    run_what_waits();
    EXPECT_EQ(said(), (Said{"load", "quiesce", "unload"}));
    if (plugin::is_sanitized()) {
        EXPECT_EQ(state(0), GenerationState::retired);
        EXPECT_EQ(reason(0), "this daemon was built with sanitizers");
        EXPECT_TRUE(plugin::is_mapped(path));
        return;
    }
    EXPECT_EQ(state(0), GenerationState::unmapped);
    EXPECT_EQ(generations_->list()[0].mapped_bytes, 0U);
    EXPECT_FALSE(plugin::is_mapped(path));
    EXPECT_TRUE(std::filesystem::exists(path)) << "it can still be staged anew";
    EXPECT_TRUE(staging_->restage(*staged));
}

TEST_F(RetirementTest, RemovesTheCopyOfWhatWasUnmapped) {
    if (plugin::is_sanitized()) GTEST_SKIP() << "a build with sanitizers unmaps nothing";
    generations_->set_unmapped({"good"});
    const std::string path = load("good")->staged().path;
    EXPECT_TRUE(std::filesystem::exists(path));
    run_what_waits();
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(RetirementTest, UnmapsWhatWasRetiredBeforeTheRequest) {
    load("good");
    load("pinned");
    run_what_waits();
    EXPECT_EQ(reason(0), "plugins.modules.good.unmap is not set");
    generations_->set_unmapped({"good", "pinned"});
    EXPECT_EQ(state(1), GenerationState::retired);
    EXPECT_EQ(reason(1), "it asks for that (PH_PLUGIN_PIN)");
    if (plugin::is_sanitized()) return;
    EXPECT_EQ(state(0), GenerationState::unmapped);
}

TEST_F(RetirementTest, DoesNotWaitForTheLoader) {
    if (plugin::is_sanitized()) GTEST_SKIP() << "a build with sanitizers unmaps nothing";
    generations_->set_unmapped({"good"});
    auto first = load("good");
    std::mutex mutex;
    std::condition_variable changed;
    bool is_loading = false;
    bool may_go_on = false;
    listener_ = [&](const std::string& text) {
        if (text != "load") return;
        std::unique_lock lock(mutex);
        is_loading = true;
        changed.notify_all();
        changed.wait(lock, [&] { return may_go_on; });
    };
    std::shared_ptr<Generation> second;
    std::jthread loading([&] { second = load("good"); });
    {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return is_loading; });
    }
    first.reset();
    run_what_waits();
    EXPECT_EQ(state(0), GenerationState::retired);
    EXPECT_EQ(reason(0), "about to be unmapped");
    {
        const std::lock_guard lock(mutex);
        may_go_on = true;
        changed.notify_all();
    }
    loading.join();
    run_until([&] { return state(0) == GenerationState::unmapped; });
}

TEST_F(RetirementTest, TellsWhenNothingIsLoadedAnyMore) {
    int told = 0;
    generations_->when_unloaded([&] { ++told; });
    EXPECT_EQ(told, 1);
    auto generation = load("good");
    load("busy");
    generations_->when_unloaded([&] { ++told; });
    EXPECT_EQ(told, 1);
    generation.reset();
    run_what_waits();
    EXPECT_EQ(state(0), GenerationState::retired);
    EXPECT_EQ(told, 1) << "one is busy";
    run_until([&] { return told == 2; });
    EXPECT_EQ(state(1), GenerationState::retired);
}

}  // namespace
}  // namespace protohost::unit
