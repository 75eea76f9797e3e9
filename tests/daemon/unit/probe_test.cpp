// SPDX-License-Identifier: MIT
#include "daemon/plugin/probe.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "daemon/plugin/library.hpp"
#include "daemon/plugin/probe_message.hpp"
#include "daemon/plugin/probe_process.hpp"
#include "tests/daemon/plugin/guest_files.hpp"
#include "tests/daemon/plugin/nodes.hpp"

namespace protohost::unit {
namespace {

using plugin::ProbeRequest;
using plugin::ProbeSettings;
using plugin::testing::text;

const std::string daemon_program = PROTOHOST_BUILD_DIR "/bin/protohostd";

/// Probes guests with the real daemon.
class Probe : public ::testing::Test {
protected:
    std::string path_of(const std::string& guest) { return folder_ / (guest + ".so"); }
    ProbeRequest request_for(const std::string& guest) {
        ProbeRequest request;
        request.staged = staging_->stage(plugin::testing::put_guest(folder_, guest)).value();
        request.bindings.push_back({"listener web",
                                    "web.yaml:9:5: listeners.web.protocol",
                                    "",
                                    plugin::testing::options({})});
        return request;
    }
    base::Result<plugin::ProbeReport> probe(const ProbeRequest& request) {
        return plugin::probe(request, settings_);
    }
    std::string refusal(const std::string& guest) { return text(probe(request_for(guest))); }
    std::string warnings(const std::string& guest) {
        const auto report = probe(request_for(guest));
        return report ? text(report->warnings) : "refused: " + text(report);
    }

    plugin::testing::TemporaryFolder folder_;
    std::unique_ptr<plugin::StagingDirectory> staging_ =
        plugin::StagingDirectory::create(folder_ / "state").value();
    ProbeSettings settings_{.limit = std::chrono::seconds(60), .program = daemon_program};
};

TEST_F(Probe, FindsNothingInAGoodPlugin) {
    const ProbeRequest request = request_for("good");
    const auto report = probe(request);
    ASSERT_TRUE(report) << text(report);
    EXPECT_EQ(text(report->warnings), "");
    EXPECT_FALSE(plugin::is_mapped(request.staged.path)) << "in this process";
    EXPECT_TRUE(std::filesystem::exists(request.staged.path));
}

TEST_F(Probe, SaysAtWhichStepAPluginCrashes) {
    const std::string end =
        ": its probe was killed by SIGABRT (its last words: \"these were my last words\")\n";
    EXPECT_EQ(refusal("constructor_crashes"),
              path_of("constructor_crashes") + ": crashes in a constructor" + end);
    EXPECT_EQ(refusal("entry_crashes"),
              path_of("entry_crashes") + ": crashes in its entry function" + end);
    EXPECT_EQ(refusal("load_crashes"), path_of("load_crashes") + ": crashes in load" + end);
    EXPECT_EQ(refusal("configure_crashes"),
              path_of("configure_crashes") + ": crashes in configure for listener web" + end);
    EXPECT_EQ(refusal("release_crashes"),
              path_of("release_crashes") + ": crashes in release" + end);
    EXPECT_EQ(refusal("unload_crashes"), path_of("unload_crashes") + ": crashes in unload" + end);
}

TEST_F(Probe, NamesTheSignal) {
    EXPECT_EQ(refusal("load_faults"),
              path_of("load_faults") + ": crashes in load: its probe was killed by SIGSEGV\n");
}

TEST_F(Probe, SaysThatItWasKilledItself) {
    EXPECT_EQ(refusal("load_is_killed"),
              path_of("load_is_killed") +
                  ": its probe was killed by SIGKILL in load (by hand, or because memory ran out; "
                  "try again)\n");
}

TEST_F(Probe, SaysWhereAPluginEndsItsProcess) {
    EXPECT_EQ(
        refusal("constructor_exits"),
        path_of("constructor_exits") + ": ends its process in a constructor, with exit code 3\n");
    EXPECT_EQ(
        refusal("entry_exits"),
        path_of("entry_exits") + ": ends its process in its entry function, with exit code 3\n");
    EXPECT_EQ(refusal("load_exits"),
              path_of("load_exits") + ": ends its process in load, with exit code 3\n");
    EXPECT_EQ(refusal("configure_exits"),
              path_of("configure_exits") +
                  ": ends its process in configure for listener web, with exit code 3\n");
}

/// The limit is long enough for a slow machine to come to the step that hangs.
class HangingProbe : public Probe, public ::testing::WithParamInterface<const char*> {};

TEST_P(HangingProbe, IsKilledWhenItsTimeIsOver) {
    settings_.limit = plugin::is_sanitized() ? std::chrono::seconds(10) : std::chrono::seconds(3);
    const std::string guest = GetParam();
    const std::string step = guest.substr(0, guest.find('_'));
    const std::string words = step == "constructor" ? "a constructor"
                              : step == "entry"     ? "its entry function"
                              : step == "configure" ? "configure for listener web"
                                                    : step;
    const std::string limit = plugin::is_sanitized() ? "10s" : "3s";
    EXPECT_EQ(
        refusal(guest),
        path_of(guest) + ": hangs in " + words + ": its probe was killed after " + limit + "\n");
}

INSTANTIATE_TEST_SUITE_P(
    Steps,
    HangingProbe,
    ::testing::Values("constructor_hangs", "entry_hangs", "load_hangs", "configure_hangs"),
    [](const auto& guest) { return std::string(guest.param); });

TEST_F(Probe, RefusesThreadsThatWereNotAnnounced) {
    const auto expected = [&](const std::string& guest, const std::string& step) {
        return path_of(guest) + ": starts 1 thread in " + step +
               ", which its note does not announce (set PH_PLUGIN_THREADS in its note)\n";
    };
    EXPECT_EQ(refusal("constructor_starts_a_thread"),
              expected("constructor_starts_a_thread", "load"));
    EXPECT_EQ(refusal("entry_starts_a_thread"), expected("entry_starts_a_thread", "load"));
    EXPECT_EQ(refusal("load_starts_a_thread"), expected("load_starts_a_thread", "load"));
    EXPECT_EQ(refusal("configure_starts_a_thread"),
              expected("configure_starts_a_thread", "configure"));
}

TEST_F(Probe, WarnsOfThreadsThatStay) {
    EXPECT_EQ(
        warnings("release_starts_a_thread"),
        path_of("release_starts_a_thread") +
            ": leaves 1 thread running after quiesce (join them in quiesce, or in the end of a "
            "factory)\n");
}

TEST_F(Probe, WarnsOfDescriptorsThatStayOpen) {
    EXPECT_EQ(warnings("load_leaks"),
              path_of("load_leaks") +
                  ": leaves 1 descriptor open: /dev/null (close them in unload, or in the end of a "
                  "factory)\n");
}

TEST_F(Probe, WaitsForABusyPluginAndWarnsOfOneThatStaysBusy) {
    EXPECT_EQ(warnings("busy"), "");
    EXPECT_EQ(warnings("never_quiesces"),
              path_of("never_quiesces") +
                  ": does not quiesce: busy, without saying why (it will be neither unloaded nor "
                  "freed)\n");
}

TEST_F(Probe, ReportsWhatTheDaemonWouldFindInTheSameWords) {
    EXPECT_EQ(refusal("undefined_symbol"),
              path_of("undefined_symbol") +
                  ": cannot be loaded: undefined symbol: nobody_defines_this (build it with "
                  "protohost_add_plugin(), which links nothing undefined)\n");
    EXPECT_EQ(refusal("throws_in_entry"),
              path_of("throws_in_entry") + ": its entry function threw an exception: not today\n");
    EXPECT_EQ(refusal("throws_in_load"),
              path_of("throws_in_load") + ": load: threw an exception of an unknown type\n");
    EXPECT_EQ(refusal("fails_in_load"),
              path_of("fails_in_load") + ": load: no licence for this machine\n");
}

TEST_F(Probe, ConfiguresEveryBindingAndReportsAllTheirErrorsAtTheirPlaces) {
    ProbeRequest request = request_for("good");
    using plugin::testing::list;
    using plugin::testing::options;
    using plugin::testing::scalar;
    request.bindings.push_back(
        {"listener a",
         "w",
         "good",
         options({{"greeting", scalar("", true)}, {"names", list({scalar("x"), scalar("y")})}})});
    request.bindings.push_back({"listener b", "w", "", options({{"limit", scalar("12")}})});
    request.bindings.push_back({"listener c", "w", "", options({{"limit", scalar("soon")}})});
    request.bindings.push_back({"listener d", "here", "goood", options({})});
    request.bindings.push_back({"endpoint e", "there", "", options({}), PH_DATAGRAM});
    EXPECT_EQ(text(probe(request)),
              "web.yaml:11:20: listeners.web.options.greeting: must not be empty\n"
              "web.yaml:11:20: listeners.web.options.limit: expected a size such as 64KiB, found "
              "\"soon\"\n"
              "here: plugin \"good\" has no factory \"goood\" (did you mean \"good\"?)\n"
              "there: factory \"good\" makes stream protocols, and endpoint e needs datagram "
              "protocols (see protohostd --dump-plugin for what a plugin has)\n");
}

TEST_F(Probe, IsNotTakenInByWhatThePluginPrints) {
    EXPECT_EQ(warnings("load_talks"), "");
}

/// The only child of a process, once it has one.
pid_t child_of(pid_t parent) {
    const std::string id = std::to_string(parent);
    pid_t child = 0;
    while (child == 0) {
        std::ifstream("/proc/" + id + "/task/" + id + "/children") >> child;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return child;
}

TEST_F(Probe, GoesWhenTheDaemonGoes) {
    const ProbeRequest request = request_for("load_hangs");
    // In the daemon's place.
    const pid_t parent = ::fork();
    if (parent == 0) {
        (void)probe(request);
        ::_exit(1);
    }
    const pid_t child = child_of(parent);
    const std::string folder = "/proc/" + std::to_string(child);
    // It has mapped the plugin, so it is set apart by now.
    const auto mapped = [&] {
        std::ifstream maps(folder + "/maps");
        const std::string all{std::istreambuf_iterator<char>(maps), {}};
        return all.find(request.staged.path) != std::string::npos;
    };
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!mapped() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ASSERT_TRUE(mapped());
    ::kill(parent, SIGKILL);
    ::waitpid(parent, nullptr, 0);
    // A process that only waits to be waited for has nothing mapped.
    while (mapped() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_FALSE(mapped());
}

TEST_F(Probe, SaysWhyItCannotBeStarted) {
    settings_.program = folder_ / "nothing";
    EXPECT_EQ(
        refusal("good"),
        path_of("good") + ": its probe cannot be started: no such file or directory (try again)\n");
}

TEST_F(Probe, IsNotForUseByHand) {
    const auto end =
        plugin::run_probe_process("x", daemon_program, "nonsense", std::chrono::seconds(60));
    ASSERT_TRUE(end) << text(end);
    EXPECT_EQ(end->exit_code, 2);
    EXPECT_EQ(end->output, "");
    EXPECT_EQ(end->last_words, "protohostd: --probe is for the daemon itself");
}

}  // namespace
}  // namespace protohost::unit
