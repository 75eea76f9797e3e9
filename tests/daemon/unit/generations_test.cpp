// SPDX-License-Identifier: MIT
#include "daemon/unit/generations.hpp"

#include <optional>

#include "tests/daemon/unit/loaded_generations.hpp"

namespace protohost::unit {
namespace {

class GenerationsTest : public testing::LoadedGenerations {};

TEST_F(GenerationsTest, TellWhatTheyAre) {
    const auto staged = stage("good");
    const auto generation = generations_->load(staged).value();
    const auto before = std::chrono::system_clock::now();
    ASSERT_EQ(generations_->list().size(), 1U);
    const GenerationStatus status = generations_->list()[0];
    EXPECT_EQ(status.plugin, "good");
    EXPECT_EQ(status.number, 1U);
    EXPECT_EQ(status.version, "1.2.3");
    EXPECT_EQ(status.build_id, staged.identity.build_id);
    EXPECT_EQ(status.sha256, staged.contents.sha256);
    EXPECT_EQ(status.source, folder_ / "good.so");
    EXPECT_EQ(status.state, GenerationState::loading);
    EXPECT_LE(status.since, before);
    EXPECT_EQ(status.reason, "");
    EXPECT_EQ(status.mapped_bytes, staged.hygiene.mapped_bytes);
    EXPECT_TRUE(status.holders.empty());
}

TEST_F(GenerationsTest, AreRetiredInATurnOfTheLoopOfTheirOwn) {
    auto generation = load("good");
    generation.reset();
    EXPECT_EQ(said(), Said{"load"});
    run_what_waits();
    EXPECT_EQ(said(), (Said{"load", "quiesce", "unload"}));
    const GenerationStatus status = generations_->list()[0];
    EXPECT_EQ(status.state, GenerationState::retired);
    EXPECT_EQ(status.reason, "plugins.modules.good.unmap is not set");
    EXPECT_GT(status.mapped_bytes, 0U);
}

TEST_F(GenerationsTest, MayBeLoadedAndLetGoOnAnyThreadAndEndOnTheLoop) {
    std::vector<std::pair<std::string, bool>> heard;
    listener_ = [&](const std::string& text) { heard.emplace_back(text, loop_.on_loop_thread()); };
    std::thread([&] { load("good"); }).join();
    run_what_waits();
    const std::vector<std::pair<std::string, bool>> expected = {
        {"load", false}, {"quiesce", true}, {"unload", true}};
    EXPECT_EQ(heard, expected);
}

TEST_F(GenerationsTest, AreHeldByTheirBindings) {
    auto generation = load("greets");
    auto one = bind(generation, "listener one", "hello").value();
    auto two = bind(generation, "listener two", "good day").value();
    generation.reset();
    const auto third = one;
    run_what_waits();
    ASSERT_EQ(generations_->list()[0].holders.size(), 2U);
    EXPECT_EQ(generations_->list()[0].holders[0].unit, "listener one");
    EXPECT_EQ(generations_->list()[0].holders[0].references, 2U);
    EXPECT_EQ(generations_->list()[0].holders[1].unit, "listener two");
    EXPECT_EQ(generations_->list()[0].holders[1].references, 1U);
    EXPECT_EQ(state(0), GenerationState::loading);

    two.reset();
    ASSERT_EQ(generations_->list()[0].holders.size(), 1U);
}

TEST_F(GenerationsTest, GiveEachBindingItsOwnOptions) {
    const auto generation = load("greets");
    auto old = bind(generation, "listener web", "hello").value();
    auto next = bind(generation, "listener web", "good day").value();
    run_what_waits();
    old->factory().started();
    next->factory().started();
    old.reset();
    next->factory().started();
    next.reset();
    EXPECT_EQ(said(),
              (Said{"posted",
                    "posted",
                    "started hello",
                    "started good day",
                    "release hello",
                    "started good day",
                    "release good day"}));
}

TEST_F(GenerationsTest, AreActiveUntilAConfigurationDoesWithoutThem) {
    const auto first = load("good");
    const auto other = load("greets");
    generations_->set_active({first, other});
    EXPECT_EQ(state(0), GenerationState::active);
    EXPECT_EQ(state(1), GenerationState::active);
    EXPECT_EQ(generations_->draining(), 0U);
    const std::string digest = generations_->list()[0].sha256;
    EXPECT_EQ(generations_->find("good", digest), first);
    EXPECT_EQ(generations_->find("greets", digest), nullptr);

    const auto second = load("good");
    EXPECT_EQ(generations_->find("good", digest), first) << "the second is not committed";
    generations_->set_active({second, other});
    EXPECT_EQ(state(0), GenerationState::draining);
    EXPECT_EQ(state(1), GenerationState::active);
    EXPECT_EQ(state(2), GenerationState::active);
    EXPECT_EQ(generations_->draining(), 1U);
    EXPECT_EQ(generations_->find("good", digest), second) << "the newest";

    generations_->set_active({first});
    EXPECT_EQ(state(0), GenerationState::active);
    EXPECT_EQ(state(1), GenerationState::draining);
    EXPECT_EQ(state(2), GenerationState::draining);
    EXPECT_EQ(generations_->draining(), 2U);
}

TEST_F(GenerationsTest, AreNotFoundOnceNobodyHoldsThem) {
    auto generation = load("good");
    generations_->set_active({generation});
    const std::string digest = generations_->list()[0].sha256;
    generation.reset();
    EXPECT_EQ(generations_->find("good", digest), nullptr);
    run_what_waits();
    EXPECT_EQ(generations_->find("good", digest), nullptr);
    EXPECT_EQ(state(0), GenerationState::retired);
}

TEST_F(GenerationsTest, ThatFailToLoadAreListedWithTheReason) {
    const auto entry = generations_->load(stage("throws_in_entry"));
    const auto loading = generations_->load(stage("fails_in_load"));
    const auto linking = generations_->load(stage("undefined_symbol"));
    EXPECT_FALSE(entry || loading || linking);
    run_what_waits();
    const auto list = generations_->list();
    ASSERT_EQ(list.size(), 3U);
    EXPECT_EQ(list[0].state, GenerationState::failed);
    EXPECT_EQ(
        list[0].reason,
        (folder_ / "throws_in_entry.so") + ": its entry function threw an exception: not today");
    EXPECT_GT(list[0].mapped_bytes, 0U);
    EXPECT_EQ(list[1].reason,
              (folder_ / "fails_in_load.so") + ": load: no licence for this machine");
    EXPECT_EQ(list[2].state, GenerationState::failed);
    EXPECT_EQ(list[2].mapped_bytes, 0U) << "the loader refused it";
    EXPECT_EQ(said(), Said{});
}

TEST_F(GenerationsTest, OfWhichNothingIsLeftAreForgottenButForTheLast) {
    for (int i = 0; i < 40; ++i) EXPECT_FALSE(generations_->load(stage("undefined_symbol")));
    const auto good = load("good");
    run_what_waits();
    const auto list = generations_->list();
    ASSERT_EQ(list.size(), 17U);
    EXPECT_EQ(list[0].number, 25U);
    EXPECT_EQ(list[15].number, 40U);
    EXPECT_EQ(list[16].plugin, "good");
}

TEST_F(GenerationsTest, EndABindingThatFailsOnTheLoop) {
    const auto generation = load("greets");
    std::vector<std::pair<std::string, bool>> heard;
    listener_ = [&](const std::string& text) { heard.emplace_back(text, loop_.on_loop_thread()); };
    std::thread([&] {
        EXPECT_EQ(testing::text(bind(generation, "listener web", "")),
                  "web.yaml:11:20: listeners.web.options.greeting: must not be empty\n");
    }).join();
    EXPECT_TRUE(heard.empty());
    run_what_waits();
    ASSERT_EQ(heard.size(), 1U) << "what it posted while it was configured";
    EXPECT_TRUE(heard[0].second);
}

TEST_F(GenerationsTest, EndABindingThatIsLetGoElsewhereOnTheLoop) {
    const auto generation = load("greets");
    std::optional<bool> released_on_loop;
    listener_ = [&](const std::string& text) {
        if (text == "release hello") released_on_loop = loop_.on_loop_thread();
    };
    std::thread([&] { bind(generation, "listener web", "hello").value(); }).join();
    EXPECT_EQ(released_on_loop, std::nullopt);
    run_what_waits();
    EXPECT_EQ(released_on_loop, true);
    EXPECT_TRUE(generations_->list()[0].holders.empty());
}

}  // namespace
}  // namespace protohost::unit
