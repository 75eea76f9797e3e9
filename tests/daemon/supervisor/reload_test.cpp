// SPDX-License-Identifier: MIT
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/base/log.hpp"
#include "daemon/net/listening_socket.hpp"
#include "daemon/net/timer.hpp"
#include "tests/daemon/supervisor/rig.hpp"

namespace protohost::supervisor::testing {
namespace {

using Reload = Rig;

const std::string anywhere = "tcp://127.0.0.1:0";

TEST_F(Reload, OfWhatRunsIsUnchangedAndTouchesNothing) {
    const std::string units = "listeners:\n" + listener("one", anywhere);
    start(units);
    const auto before = everything();
    const ReloadRecord record = reload(units + "# a comment\n");
    EXPECT_EQ(record.verdict, Verdict::unchanged);
    EXPECT_EQ(record.number, 2u);
    EXPECT_EQ(record.plan.unchanged.size(), 1u);
    EXPECT_EQ(everything(), before);
}

TEST_F(Reload, WhereAnyStepFailsNothingHasHappenedAndTheNextOneWorks) {
    const std::string moved = free_address();
    const std::string swapped = free_address();
    start("listeners:\n" + listener("gone", anywhere) + listener("kept", anywhere) +
          listener("moved", moved) + listener("options", anywhere) + listener("retuned", anywhere) +
          "endpoints:\n" + "  names: {bind: \"udp://127.0.0.1:0\", protocol: udp-echo}\n");
    const auto before = everything();
    write("listeners:\n" + listener("kept", anywhere) + listener("moved", swapped) +
          listener("options", anywhere, "protocol: greets, options: {greeting: moin}") +
          listener("retuned", anywhere, "protocol: greets, limits: {connections: 7}") +
          listener("two", anywhere, "protocol: good") + listener("zero", moved) + "endpoints:\n" +
          "  names: {bind: \"udp://127.0.0.2:0\", protocol: udp-echo}\n");

    std::vector<std::string> steps;
    std::size_t failing = 0;
    supervisor_->set_fault([&](std::string_view step) {
        steps.emplace_back(step);
        return steps.size() == failing + 1 ? base::failure("a fault", "in " + steps.back())
                                           : base::Errors{};
    });
    ReloadRecord record;
    for (;; ++failing) {
        steps.clear();
        record = reload();
        if (record.verdict != Verdict::rejected) break;
        ASSERT_EQ(record.errors.size(), 1u);
        EXPECT_EQ(record.errors.front().what, "in " + steps.back());
        EXPECT_EQ(everything(), before) << "after a fault in " << steps.back();
        EXPECT_EQ(supervisor_->snapshot().configuration_generation, 1u);
    }
    // Every step of it, and each unit in the two that open and load.
    const std::set<std::string> names(steps.begin(), steps.end());
    for (const char* const step : {"load",
                                   "check",
                                   "plan",
                                   "prepare",
                                   "bind",
                                   "prepare listeners.options",
                                   "load listeners.two",
                                   "bind listeners.zero",
                                   "bind endpoints.names"}) {
        EXPECT_TRUE(names.contains(step)) << step;
    }
    EXPECT_EQ(failing, steps.size());

    EXPECT_EQ(record.verdict, Verdict::applied);
    EXPECT_EQ(record.plan.added.size(), 2u);
    EXPECT_EQ(record.plan.changed.size(), 4u);
    EXPECT_EQ(record.plan.removed.size(), 1u);
    EXPECT_EQ(supervisor_->snapshot().configuration_generation, 2u);
    run_until([&] { return supervisor_->snapshot().units.size() == 7; });
    std::vector<std::string> names_now;
    for (const auto& unit : supervisor_->snapshot().units) {
        names_now.push_back(unit.name);
        EXPECT_EQ(unit.state, "serving") << unit.name;
    }
    EXPECT_EQ(
        names_now,
        (std::vector<std::string>{"kept", "moved", "names", "options", "retuned", "two", "zero"}));
    supervisor_->set_fault(nullptr);
    EXPECT_EQ(reload().verdict, Verdict::unchanged);
}

TEST_F(Reload, ThatIsRefusedForAnythingBesideNewCodeDoesNotLoadIt) {
    const std::string one = listener("one", anywhere);
    start("listeners:\n" + one);
    const auto loaded = [&] { return supervisor_->generations().size(); };
    ASSERT_EQ(loaded(), 1u);
    const auto taken = net::open_listening({.host = "127.0.0.1", .port = 0}, {}, "test");
    const std::string two = listener("two", anywhere, "protocol: good");
    const std::vector<std::string> refused = {
        one + two + listener("three", taken.value().front().local.uri()),
        one + two + listener("three", anywhere, "protocol: fails_in_load"),
        two + listener("one", anywhere, "protocol: greets, options: {greeting: \"\"}"),
        one + "endpoints:\n  two: {bind: \"udp://127.0.0.1:0\", protocol: good}\n"};
    for (const std::string& units : refused) {
        const ReloadRecord record = reload("listeners:\n" + units);
        EXPECT_EQ(record.verdict, Verdict::rejected);
        EXPECT_EQ(record.errors.size(), 1u);
        EXPECT_EQ(loaded(), 1u) << units;
    }
    EXPECT_EQ(reload("listeners:\n" + one + two).verdict, Verdict::applied);
    EXPECT_EQ(loaded(), 2u);
}

TEST_F(Reload, RejectedAtTheVeryEndLeavesNoLogFileBehind) {
    start("listeners:\n" + listener("one", anywhere));
    const std::string log = folder_ / "p.log";
    std::filesystem::create_directory(folder_ / "conf.d");
    std::ofstream(folder_ / "conf.d/log.yaml") << "log: {file: " << log << "}\n";
    bool was_there = false;
    bool failing = true;
    supervisor_->set_fault([&](std::string_view step) {
        const bool due = failing && step == "load listeners.two";
        if (due) was_there = std::filesystem::exists(log);
        return due ? base::failure("a fault", "in it") : base::Errors{};
    });
    const std::string units =
        "listeners:\n" + listener("one", anywhere) + listener("two", anywhere, "protocol: good");
    EXPECT_EQ(reload(units).verdict, Verdict::rejected);
    EXPECT_TRUE(was_there);
    EXPECT_FALSE(std::filesystem::exists(log));
    failing = false;
    EXPECT_EQ(reload(units).verdict, Verdict::applied);
    EXPECT_TRUE(std::filesystem::exists(log));
    base::configure_logging({});
}

/// Two new plugins, of which the second cannot be loaded: the first has been by then.
class LoadedInVain : public Rig {
protected:
    LoadedInVain() {
        start("listeners:\n" + listener("one", anywhere));
        supervisor_->set_fault([this](std::string_view step) {
            const bool due = failing_ && step == "load listeners.two";
            return due ? base::failure("a fault", "in it") : base::Errors{};
        });
    }
    ReloadRecord reload_two() {
        return reload("listeners:\n" + listener("good", anywhere, "protocol: good") +
                      listener("two", anywhere, "protocol: pinned"));
    }
    using States = std::vector<unit::GenerationState>;
    States states() const {
        States all;
        for (const auto& generation : supervisor_->generations()) all.push_back(generation.state);
        return all;
    }

    bool failing_ = true;
};

using unit::GenerationState;

TEST_F(LoadedInVain, IsTakenByTheNextOneThatWantsIt) {
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(reload_two().verdict, Verdict::rejected);
        EXPECT_EQ(states(), (States{GenerationState::active, GenerationState::loading}));
    }
    failing_ = false;
    EXPECT_EQ(reload_two().verdict, Verdict::applied);
    run_until([&] { return states().front() == GenerationState::retired; });
    EXPECT_EQ(states(),
              (States{GenerationState::retired, GenerationState::active, GenerationState::active}));
}

TEST_F(LoadedInVain, IsRetiredWhenManyReloadsDoWithoutIt) {
    EXPECT_EQ(reload_two().verdict, Verdict::rejected);
    write("listeners:\n" + listener("one", anywhere));
    for (unsigned i = 0; i < RefusedPlugins::patience; ++i) reload();
    run_ready();
    EXPECT_EQ(states(), (States{GenerationState::active, GenerationState::loading}));
    reload();
    run_until([&] { return states().back() == GenerationState::retired; });
}

TEST_F(Reload, RequestsMeanwhileAreOneMoreThatReadsTheFilesAnew) {
    start("listeners:\n" + listener("one", anywhere));
    std::vector<std::uint64_t> numbers;
    const auto ask = [&] {
        supervisor_->reload("test",
                            [&](const ReloadRecord& record) { numbers.push_back(record.number); });
    };
    for (int i = 0; i < 50; ++i) {
        if (i == 49) write("listeners:\n" + listener("last", anywhere));
        ask();
    }
    run_until([&] { return numbers.size() == 50; });
    EXPECT_EQ(std::count(numbers.begin(), numbers.end(), 2u), 1);
    EXPECT_EQ(std::count(numbers.begin(), numbers.end(), 3u), 49);
    EXPECT_NE(supervisor_->find("last"), nullptr);
    EXPECT_EQ(supervisor_->find("one"), nullptr);
}

TEST_F(Reload, RequestsOfTenMillisecondsAreTwoAlsoWhereEachComesAfterTheOneBefore) {
    using Clock = std::chrono::steady_clock;
    start("listeners:\n" + listener("one", anywhere));
    std::set<std::uint64_t> numbers;
    std::size_t asked = 0;
    std::size_t told = 0;
    const auto begin = Clock::now();
    do {
        if (told == asked) {
            ++asked;
            supervisor_->reload("test", [&](const ReloadRecord& record) {
                numbers.insert(record.number);
                ++told;
            });
        }
        run_ready();
    } while (Clock::now() - begin < std::chrono::milliseconds(10));
    run_until([&] { return told == asked; });
    EXPECT_LE(numbers.size(), 2u);
}

TEST_F(Reload, AfterAQuietMomentBeginsAtOnce) {
    start("listeners:\n" + listener("one", anywhere));
    for (int i = 0; i < 3; ++i) {
        // Without a turn of the loop, which any delay would need.
        std::promise<void> begun;
        supervisor_->set_fault([&](std::string_view step) {
            if (step == "load") begun.set_value();
            return base::Errors{};
        });
        bool told = false;
        supervisor_->reload("test", [&](const ReloadRecord&) { told = true; });
        ASSERT_EQ(begun.get_future().wait_for(patience), std::future_status::ready);
        net::Timer quiet(loop_);
        quiet.start(std::chrono::milliseconds(20), [] {});
        run_until([&] { return told && !quiet.running(); });
    }
}

TEST_F(Reload, OneThatWaitsIsRefusedByADaemonThatStops) {
    start("listeners:\n" + listener("one", anywhere));
    std::vector<Verdict> verdicts;
    const auto done = [&](const ReloadRecord& record) { verdicts.push_back(record.verdict); };
    supervisor_->reload("first", done);
    run_until([&] { return verdicts.size() == 1; });
    std::promise<void> begun;
    supervisor_->set_fault([&](std::string_view step) {
        if (step == "load") begun.set_value();
        return base::Errors{};
    });
    supervisor_->reload("second", done);
    stop();
    // Without a turn of the loop: there may be none any more.
    ASSERT_EQ(begun.get_future().wait_for(patience), std::future_status::ready);
    run_until([&] { return stopped() && verdicts.size() == 2; });
    EXPECT_EQ(verdicts, (std::vector<Verdict>{Verdict::unchanged, Verdict::rejected}));
}

TEST_F(Reload, AskedForByWhoIsToldOfOneTheNextOneBegins) {
    start("listeners:\n" + listener("one", anywhere));
    bool again = false;
    supervisor_->reload("first", [&](const ReloadRecord& record) {
        EXPECT_EQ(record.asked_by, "first");
        supervisor_->reload("second", [&](const ReloadRecord& next) {
            EXPECT_EQ(next.asked_by, "second");
            again = true;
        });
    });
    run_until([&] { return again; });
}

TEST_F(Reload, ADifferenceIsToldAndNotApplied) {
    start("listeners:\n" + listener("one", anywhere));
    const auto before = everything();
    write("listeners:\n" + listener("two", anywhere));
    std::optional<ReloadRecord> told;
    supervisor_->diff("test", [&](const ReloadRecord& record) { told = record; });
    run_until([&] { return told.has_value(); });
    EXPECT_EQ(told->verdict, Verdict::applied);
    EXPECT_EQ(told->plan.added, (std::vector<UnitId>{{UnitId::Section::listeners, "two"}}));
    EXPECT_EQ(told->plan.removed, (std::vector<UnitId>{{UnitId::Section::listeners, "one"}}));
    EXPECT_EQ(everything(), before);
    EXPECT_EQ(supervisor_->snapshot().reloads.size(), 1u);
}

TEST_F(Reload, NamesWhatWaitsForARestartUntilItIsAsItWas) {
    start("state: {directory: " + (folder_ / "state") + "}\nlisteners:\n" +
          listener("one", anywhere));
    const std::string other = "state: {directory: " + (folder_ / "other") + "}\nlisteners:\n";
    EXPECT_EQ(reload(other + listener("one", anywhere)).plan.restart,
              std::vector<std::string>{"state.directory"});
    // Still, and beside what is applied at once.
    const ReloadRecord second = reload(other + listener("two", anywhere));
    EXPECT_EQ(second.verdict, Verdict::applied);
    EXPECT_EQ(second.plan.restart, std::vector<std::string>{"state.directory"});
    EXPECT_FALSE(std::filesystem::exists(folder_ / "other"));
    EXPECT_EQ(supervisor_->snapshot().restart_pending, second.plan.restart);
    reload("state: {directory: " + (folder_ / "state") + "}\nlisteners:\n" +
           listener("two", anywhere));
    EXPECT_TRUE(supervisor_->snapshot().restart_pending.empty());
}

TEST_F(Reload, AStoppedUnitStaysStoppedAndStartsWithWhatIsNew) {
    const std::string address = free_address();
    start("listeners:\n" + listener("one", anywhere));
    bool stopped = false;
    supervisor_->find("one")->stop([&] { stopped = true; });
    run_until([&] { return stopped; });
    const auto before = everything();
    EXPECT_EQ(reload("listeners:\n" + listener("one", address)).verdict, Verdict::applied);
    EXPECT_EQ(everything(), before);
    // Names and addresses wait for nobody on the loop.
    std::vector<std::thread::id> bound_on;
    supervisor_->set_fault([&](std::string_view step) {
        if (step == "bind listeners.one") bound_on.push_back(std::this_thread::get_id());
        return base::Errors{};
    });
    std::optional<ReloadRecord> told;
    supervisor_->start_unit("one", "test", [&](const ReloadRecord& record) { told = record; });
    run_until([&] { return told.has_value(); });
    EXPECT_NE(told->verdict, Verdict::rejected);
    ASSERT_EQ(bound_on.size(), 1u);
    EXPECT_NE(bound_on.front(), std::this_thread::get_id());
    EXPECT_EQ(supervisor_->snapshot().reloads.size(), 2u) << "it is none";
    EXPECT_EQ(supervisor_->snapshot().units.front().addresses, std::vector<std::string>{address});
}

TEST_F(Reload, IsRefusedByADaemonThatStops) {
    start("listeners:\n" + listener("one", anywhere));
    std::optional<ReloadRecord> told;
    supervisor_->reload("test", [&](const ReloadRecord& record) { told = record; });
    stop();
    run_until([&] { return stopped() && told.has_value(); });
    EXPECT_EQ(told->verdict, Verdict::rejected);
}

}  // namespace
}  // namespace protohost::supervisor::testing
