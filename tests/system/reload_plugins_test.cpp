// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/figures.hpp"
#include "tests/system/harness/preload.hpp"
#include "tests/system/harness/scale.hpp"
#include "tests/system/harness/server.hpp"
#include "tests/system/harness/sockets.hpp"

namespace protohost::harness {
namespace {

using base::Json;

std::string greeting(std::string_view text) {
    return ", options: {greeting: " + std::string(text) + "}";
}

/// A daemon whose plugin is replaced while it serves.
class ReplacedPlugin : public testing::Test {
protected:
    ReplacedPlugin() {
        install("1");
        setup_.plugins = plugins_.path().string();
        setup_.listeners = listener("tongue", "tongue");
        daemon_.emplace(setup_);
        control_.emplace(*daemon_);
    }

    /// As a package manager does it: a new file under the old name.
    void install(const std::string& version) const {
        const auto from = std::filesystem::path(PROTOHOST_BUILD_DIR) / "tests/system/tongues" /
                          version / "tongue.so";
        const auto to = plugins_.path() / "tongue.so";
        std::filesystem::copy_file(from, to.string() + ".new");
        std::filesystem::permissions(to.string() + ".new", std::filesystem::perms(0755));
        std::filesystem::rename(to.string() + ".new", to);
    }

    Client connect() const { return Client(control_->port("tongue")); }
    static std::string ask(Client& client, const std::string& line) {
        EXPECT_TRUE(client.send(line + "\n"));
        return client.receive_line();
    }
    std::string ask_anew() const {
        Client client = connect();
        return ask(client, "who");
    }
    /// The states of all generations, in their order.
    std::vector<std::string> states() const {
        std::vector<std::string> all;
        for (const Json& generation : control_->ask("list", {{"what", "generations"}})) {
            all.push_back(generation["state"].get<std::string>());
        }
        return all;
    }
    void expect_refused(const std::string& says) const {
        const Finished reload = control_->run({"reload"});
        EXPECT_EQ(reload.code, 1) << reload.output;
        EXPECT_NE(reload.errors.find(says), std::string::npos) << reload.errors;
        EXPECT_TRUE(daemon_->running());
    }

    using Strings = std::vector<std::string>;

    /// An address that somebody else has: what a reload finds out last.
    struct Taken {
        Taken() { server.listen(); }
        std::string listener() const {
            return "  taken: {listen: \"tcp://127.0.0.1:" + std::to_string(server.port()) +
                   "\", protocol: tongue}\n";
        }
        Server server;
    };

    const Taken taken_;
    const ScratchFolder plugins_;
    DaemonSetup setup_;
    std::optional<Daemon> daemon_;
    std::optional<Control> control_;
};

TEST_F(ReplacedPlugin, ServesNewConnectionsAndOldOnesKeepTheOldCode) {
    const std::uint16_t port = control_->port("tongue");
    const auto sockets = listening(daemon_->pid(), port);
    Client old = connect();
    EXPECT_EQ(ask(old, "a"), "1 hello a\n");
    install("2");
    EXPECT_EQ(ask_anew(), "1 hello who\n");  // until it is asked for
    EXPECT_EQ(control_->reload()["changed"][0]["change"], Json::parse(R"(["factory"])"));
    EXPECT_EQ(ask_anew(), "2 hello who\n");
    EXPECT_EQ(ask(old, "b"), "1 hello b\n");
    EXPECT_EQ(listening(daemon_->pid(), port), sockets);
    EXPECT_EQ(states(), (Strings{"draining", "active"}));
    const Finished listed = control_->run({"plugin", "list"});
    EXPECT_NE(listed.output.find("listener tongue"), std::string::npos) << listed.output;
    old.close();
    daemon_->log().wait_for("retired");
    EXPECT_EQ(states(), (Strings{"retired", "active"}));
    EXPECT_EQ(daemon_->log().count("stopped 1 hello"), 1U);
    EXPECT_EQ(daemon_->log().count("started 2 hello"), 1U);
}

TEST_F(ReplacedPlugin, TheSameBytesAreTheSameGeneration) {
    install("1");
    EXPECT_EQ(control_->reload()["verdict"], "unchanged");
    EXPECT_EQ(states(), Strings{"active"});
}

TEST_F(ReplacedPlugin, NewOptionsAreAnotherFactoryOfTheSameGeneration) {
    Client old = connect();
    ASSERT_EQ(ask(old, "a"), "1 hello a\n");
    setup_.listeners = listener("tongue", "tongue", greeting("moin"));
    daemon_->rewrite(setup_);
    control_->reload();
    EXPECT_EQ(ask_anew(), "1 moin who\n");
    EXPECT_EQ(ask(old, "b"), "1 hello b\n");
    EXPECT_EQ(states(), Strings{"active"});
}

TEST_F(ReplacedPlugin, NewCodeGetsTheNewOptions) {
    install("2");
    setup_.listeners = listener("tongue", "tongue", greeting("moin"));
    daemon_->rewrite(setup_);
    control_->reload();
    EXPECT_EQ(ask_anew(), "2 moin who\n");
}

TEST_F(ReplacedPlugin, OverwrittenInPlaceItHasNoEffectUntilAReload) {
    Client old = connect();
    std::ofstream(plugins_.path() / "tongue.so", std::ios::trunc) << "not a plugin";
    EXPECT_EQ(ask(old, "a"), "1 hello a\n");
    EXPECT_EQ(ask_anew(), "1 hello who\n");
    expect_refused("tongue.so");
    EXPECT_EQ(ask(old, "b"), "1 hello b\n");
    install("2");
    EXPECT_EQ(control_->run({"reload"}).code, 0);
    EXPECT_EQ(ask_anew(), "2 hello who\n");
}

TEST_F(ReplacedPlugin, OneThatCrashesInItsConstructorIsARefusedReload) {
    Client old = connect();
    install("crashes");
    expect_refused("SIGABRT");
    EXPECT_EQ(ask(old, "a"), "1 hello a\n");
    EXPECT_EQ(ask_anew(), "1 hello who\n");
    install("3");
    EXPECT_EQ(control_->run({"reload"}).code, 0);
    EXPECT_EQ(ask_anew(), "3 hello who\n");
}

TEST_F(ReplacedPlugin, OneThatHangsIsARefusedReloadAndNobodyWaitsForIt) {
    install("hangs");
    Client client = connect();
    // The loop goes on: what waits is whoever asked.
    EXPECT_EQ(control_->run({"--timeout", "0.2", "reload"}).code, 4);
    EXPECT_EQ(ask(client, "a"), "1 hello a\n");
    EXPECT_EQ(control_->status()["daemon"]["state"], "reloading");
    daemon_->log().wait_for("rejected after");
    install("2");
    EXPECT_EQ(control_->run({"reload"}).code, 0);
    EXPECT_EQ(ask_anew(), "2 hello who\n");
}

/// What must not grow, whatever is reloaded how often.
struct Held {
    std::size_t mappings, descriptors, memory;
};
Held held(pid_t process) {
    return {mappings(process), open_descriptors(process), resident_memory(process)};
}

TEST_F(ReplacedPlugin, UnmappedAfterItsLastConnectionWhereThatWasAskedFor) {
    if (sanitized) GTEST_SKIP() << "what is built with sanitizers is never unmapped";
    setup_.plugin_settings = ", modules: {tongue: {unmap: true}}";
    daemon_->rewrite(setup_);
    control_->reload();
    Client old = connect();
    ASSERT_EQ(ask(old, "a"), "1 hello a\n");
    install("2");
    control_->reload();
    EXPECT_EQ(ask(old, "b"), "1 hello b\n");
    EXPECT_GT(mappings(daemon_->pid(), "/tongue.g1."), 0U);
    old.close();
    daemon_->log().wait_for("plugin tongue g1: retired and unmapped");
    EXPECT_EQ(mappings(daemon_->pid(), "/tongue.g1."), 0U);
    EXPECT_GT(mappings(daemon_->pid(), "/tongue.g2."), 0U);
    EXPECT_EQ(ask_anew(), "2 hello who\n");
}

/// How many threads of the process are called that.
std::size_t threads_called(pid_t pid, std::string_view name) {
    std::size_t count = 0;
    const std::filesystem::path tasks = "/proc/" + std::to_string(pid) + "/task";
    for (const auto& task : std::filesystem::directory_iterator(tasks)) {
        std::string called;
        std::getline(std::ifstream(task.path() / "comm"), called);
        if (called == name) ++count;
    }
    return count;
}

TEST_F(ReplacedPlugin, WithAThreadOfItsOwnStaysMappedWhateverWasAskedFor) {
    setup_.plugin_settings = ", modules: {tongue: {unmap: true}}";
    daemon_->rewrite(setup_);
    const std::string can = "it can start threads";
    const std::vector<std::pair<std::string, std::string>> versions = {
        {"threads", "it starts threads (PH_PLUGIN_THREADS); " + can}, {"furtive", can}};
    std::size_t generation = 1;
    for (const auto& [version, reason] : versions) {
        install(version);
        control_->reload();
        EXPECT_EQ(ask_anew(), version + " hello who\n");
        const std::string name = "g" + std::to_string(++generation);
        EXPECT_EQ(threads_called(daemon_->pid(), "tongue's"), generation / 2);
        install("1");
        control_->reload();
        daemon_->log().wait_for("plugin tongue " + name + ": retired, still mapped: " + reason);
        EXPECT_GT(mappings(daemon_->pid(), "/tongue." + name + "."), 0U);
        EXPECT_EQ(threads_called(daemon_->pid(), "tongue's"), generation / 2) << "and runs on";
        const Json listed = control_->ask("list", {{"what", "generations"}});
        const auto has_name = [&](const Json& one) { return one["generation"] == generation; };
        const auto found = std::find_if(listed.begin(), listed.end(), has_name);
        ASSERT_NE(found, listed.end()) << listed.dump();
        EXPECT_EQ((*found)["state"], "retired");
        EXPECT_EQ((*found)["reason"], reason);
        EXPECT_GT((*found)["mapped_bytes"], 0);
        ++generation;
        EXPECT_EQ(ask_anew(), "1 hello who\n");
    }
}

/// The probe that the daemon has started, as soon as there is one.
pid_t probe_of(const Daemon& daemon) {
    const std::filesystem::path tasks = "/proc/" + std::to_string(daemon.pid()) + "/task";
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < deadline) {
        for (const auto& task : std::filesystem::directory_iterator(tasks)) {
            pid_t child = 0;
            if (std::ifstream(task.path() / "children") >> child) return child;
        }
        std::this_thread::yield();
    }
    ADD_FAILURE() << "no probe";
    return 0;
}

TEST_F(ReplacedPlugin, WhoseProbeIsKilledIsARefusedReload) {
    install("hangs");
    daemon_->signal(SIGHUP);
    const pid_t probe = probe_of(*daemon_);
    ASSERT_GT(probe, 0);
    ASSERT_EQ(::kill(probe, SIGKILL), 0);
    daemon_->log().wait_for("its probe was killed by SIGKILL");
    daemon_->log().wait_for("reload 2 (SIGHUP) rejected");
    EXPECT_EQ(control_->status()["daemon"]["pid"], daemon_->pid());
    EXPECT_EQ(ask_anew(), "1 hello who\n");
    install("2");
    EXPECT_EQ(control_->run({"reload"}).code, 0);
    EXPECT_EQ(ask_anew(), "2 hello who\n");
}

TEST_F(ReplacedPlugin, ReloadsAreOneMoreHoweverManyAskMeanwhile) {
    // The first is under way until its probe is killed: whatever comes until then is one more.
    install("hangs");
    daemon_->signal(SIGHUP);
    const pid_t probe = probe_of(*daemon_);
    ASSERT_GT(probe, 0);
    const auto began = std::chrono::steady_clock::now();
    std::vector<Client> askers;
    for (int i = 0; i < 25; ++i) {
        setup_.listeners = listener("tongue", "tongue", greeting("hello" + std::to_string(i)));
        daemon_->rewrite(setup_);
        daemon_->signal(SIGHUP);
        askers.emplace_back(daemon_->control_socket());
        ASSERT_TRUE(askers.back().send(R"({"version": 1, "verb": "reload"})"
                                       "\n"));
    }
    const auto took = std::chrono::steady_clock::now() - began;
    std::cout << "50 requests within "
              << std::chrono::duration_cast<std::chrono::microseconds>(took).count() << " us\n";
    ASSERT_TRUE(daemon_->log().wait_for_count(": reload", askers.size()));
    install("2");
    ASSERT_EQ(::kill(probe, SIGKILL), 0);
    for (Client& asker : askers) {
        const Json answer = Json::parse(asker.receive_line());
        EXPECT_EQ(answer["result"]["number"], 3) << answer.dump();
        EXPECT_EQ(answer["result"]["verdict"], "applied");
    }
    EXPECT_EQ(ask_anew(), "2 hello24 who\n");
    const Json reloads = control_->status()["reloads"];
    EXPECT_EQ(reloads["rejected"], 1);
    EXPECT_EQ(reloads["applied"], 2) << "with the start";
    EXPECT_EQ(reloads["unchanged"], 0);
}

TEST_F(ReplacedPlugin, RefusedAgainAndAgainItIsNeverLoaded) {
    const std::size_t turns = scaled("turns of a bad and a good reload", 300, 80);
    setup_.plugins += ", " + test_plugins();
    DaemonSetup bad = setup_;
    // Beside what is wrong: new code, and a plugin that nobody else names.
    bad.listeners += listener("other", "lab") + taken_.listener();
    const std::size_t mapped = mappings(daemon_->pid(), "/tongue.g");
    Held before{};
    for (std::size_t turn = 0; turn < turns; ++turn) {
        if (turn == 50) before = held(daemon_->pid());
        install("2");
        daemon_->rewrite(bad);
        control_->refused("reload");
        install("1");
        daemon_->rewrite(setup_);
        control_->reload();
        ASSERT_EQ(ask_anew(), "1 hello who\n");
    }
    const Held after = held(daemon_->pid());
    // The allocator's own come and go.
    EXPECT_LE(after.mappings, before.mappings + 8);
    // A client and a control session, of which the daemon may not have seen the end.
    EXPECT_LE(after.descriptors, before.descriptors + 2);
    // A sanitizer keeps what was freed, to see who uses it still.
    const std::size_t growth = sanitized ? std::size_t{256} << 20 : std::size_t{1} << 20;
    EXPECT_LE(after.memory, before.memory + growth) << before.memory;
    EXPECT_EQ(mappings(daemon_->pid(), "/tongue.g"), mapped);
    EXPECT_EQ(states(), Strings{"active"});
    install("2");
    control_->reload();
    EXPECT_EQ(ask_anew(), "2 hello who\n");
}

TEST_F(ReplacedPlugin, OneThatLeaksDescriptorsLeaksThemOnce) {
    install("leaks");
    EXPECT_EQ(control_->run({"reload"}).code, 0);
    EXPECT_EQ(ask_anew(), "leaks hello who\n");
    EXPECT_EQ(daemon_->log().count("open: "), 1U) << "the probe's warning";
}

/// A daemon that a call of the kernel can be refused, in the middle of a reload.
class RefusedCall : public ReplacedPlugin {
protected:
    RefusedCall() {
        daemon_.reset();
        setup_.wrapper = preloaded("librefusing_calls.so", {"REFUSED_CALL=" + file_});
        daemon_.emplace(setup_);
        control_.emplace(*daemon_);
    }

    void refuse(const std::string& call, int number) const {
        std::ofstream(file_) << call << ' ' << number << ' ' << daemon_->pid();
    }
    void refuse_nothing() const { std::filesystem::remove(file_); }
    /// The private copies of plugins.
    std::size_t copies() const {
        std::size_t count = 0;
        const std::filesystem::recursive_directory_iterator all(daemon_->state_directory());
        for (const auto& entry : all) {
            if (entry.path().extension() == ".so") ++count;
        }
        return count;
    }

    const ScratchFolder folder_;
    const std::string file_ = (folder_.path() / "refused").string();
};

TEST_F(RefusedCall, LeavesEverythingAsItWasAndTheNextReloadWorks) {
    struct Case {
        std::string call;
        int number;
        std::string says;
    };
    // In the order in which a reload comes to them. The first thread is started once.
    const std::vector<Case> cases = {
        {"pthread_create", EAGAIN, "no thread can be started"},
        {"open", EMFILE, "cannot be copied to "},
        {"open", ENOSPC, "no space left on device"},
        {"write", ENOSPC, "no space left on device"},
        {"memfd_create", EMFILE, "its probe cannot be started: too many open files"},
        {"pipe2", EMFILE, "its probe cannot be started: too many open files"},
        {"posix_spawn", EAGAIN, "its probe cannot be started: resource temporarily unavailable"},
        {"posix_spawn", ENOMEM, "its probe cannot be started: cannot allocate memory"},
        {"socket", EMFILE, "listeners.more.listen: "},
        {"bind", EADDRINUSE, "Address already in use"},
        {"listen", EADDRINUSE, "Address already in use"},
        {"dlopen", ENOMEM, "cannot be loaded: "}};
    DaemonSetup wanted = setup_;
    wanted.listeners = listener("tongue", "tongue", greeting("moin")) + listener("more", "tongue");
    Client old = connect();
    ASSERT_EQ(ask(old, "a"), "1 hello a\n");
    const std::uint16_t port = control_->port("tongue");
    const auto sockets = listening(daemon_->pid(), port);
    for (const Case& each : cases) {
        SCOPED_TRACE(each.call + " " + std::to_string(each.number));
        const Json configuration = control_->status()["configuration"];
        const std::size_t copied = copies();
        const std::size_t mapped = mappings(daemon_->pid(), "/tongue.g");
        const std::size_t descriptors = open_descriptors(daemon_->pid());
        install("2");
        daemon_->rewrite(wanted);
        refuse(each.call, each.number);
        expect_refused(each.says);
        refuse_nothing();
        EXPECT_EQ(control_->status()["configuration"], configuration);
        EXPECT_EQ(control_->refused("show", {{"unit", "more"}})["code"], "not_found");
        EXPECT_EQ(listening(daemon_->pid(), port), sockets);
        EXPECT_EQ(copies(), copied);
        EXPECT_EQ(mappings(daemon_->pid(), "/tongue.g"), mapped);
        // A control session, of which the daemon may not have seen the end.
        EXPECT_LE(open_descriptors(daemon_->pid()), descriptors + 1);
        EXPECT_EQ(ask(old, "b"), "1 hello b\n");
        EXPECT_EQ(ask_anew(), "1 hello who\n");

        EXPECT_EQ(control_->reload()["verdict"], "applied");
        EXPECT_EQ(ask_anew(), "2 moin who\n");
        EXPECT_EQ(ask(old, "c"), "1 hello c\n");
        EXPECT_EQ(listening(daemon_->pid(), port), sockets);
        install("1");
        daemon_->rewrite(setup_);
        EXPECT_EQ(control_->reload()["verdict"], "applied");
        EXPECT_EQ(ask_anew(), "1 hello who\n");
    }
}

TEST_F(ReplacedPlugin, RollsBackAtOnceAndStaysThereUntilTheFileChanges) {
    install("2");
    control_->reload();
    Client second = connect();
    ASSERT_EQ(ask(second, "a"), "2 hello a\n");
    EXPECT_EQ(control_->run({"plugin", "rollback", "tongue"}).code, 0);
    EXPECT_EQ(ask_anew(), "1 hello who\n");
    EXPECT_EQ(ask(second, "b"), "2 hello b\n");
    // A reload does not bring back what was rolled back from.
    EXPECT_EQ(control_->reload()["verdict"], "unchanged");
    EXPECT_EQ(ask_anew(), "1 hello who\n");
    install("3");
    control_->reload();
    EXPECT_EQ(ask_anew(), "3 hello who\n");
    EXPECT_EQ(ask(second, "c"), "2 hello c\n");
}

TEST_F(ReplacedPlugin, RollsBackWhateverHasBecomeOfItsFile) {
    const auto file = plugins_.path() / "tongue.so";
    install("2");
    control_->reload();
    std::filesystem::remove(file);
    EXPECT_EQ(control_->run({"plugin", "rollback", "tongue"}).code, 0);
    EXPECT_EQ(ask_anew(), "1 hello who\n");
    std::ofstream(file) << "no plugin";
    EXPECT_EQ(control_->run({"plugin", "rollback", "tongue"}).code, 0);
    EXPECT_EQ(ask_anew(), "2 hello who\n");
    // Nor does it bring what a reload would.
    std::filesystem::remove(file);
    install("3");
    EXPECT_EQ(control_->run({"plugin", "rollback", "tongue"}).code, 0);
    EXPECT_EQ(ask_anew(), "1 hello who\n");
}

TEST_F(ReplacedPlugin, ThereIsNothingToRollBackToBeforeTheFirstReplacement) {
    EXPECT_EQ(control_->run({"plugin", "rollback", "tongue"}).code, 1);
    EXPECT_EQ(control_->run({"plugin", "rollback", "other"}).code, 1);
}

TEST_F(ReplacedPlugin, NoMoreDrainThanTheConfigurationAllows) {
    std::vector<Client> holders;
    for (int i = 0; i < 8; ++i) {
        holders.push_back(connect());
        ASSERT_NE(ask(holders.back(), "hold"), "");
        install(i % 2 == 0 ? "2" : "1");
        ASSERT_EQ(control_->run({"reload"}).code, 0);
    }
    holders.push_back(connect());
    ASSERT_NE(ask(holders.back(), "hold"), "");
    install("2");
    expect_refused("plugins.max_draining");
    // Going back is what relieves.
    EXPECT_EQ(control_->run({"plugin", "rollback", "tongue"}).code, 0);
    for (Client& holder : holders) EXPECT_NE(ask(holder, "still here"), "");
    holders.clear();
    daemon_->log().wait_for_count("retired", 8);
    install("3");
    EXPECT_EQ(control_->run({"reload"}).code, 0);
}

/// Two plugins, of which one replaced generation may have connections.
class TwoReplacedPlugins : public ReplacedPlugin {
protected:
    TwoReplacedPlugins() {
        const auto echo = std::filesystem::path(PROTOHOST_BUILD_DIR) / "plugins/echo.so";
        std::filesystem::copy_file(echo, plugins_.path() / "echo.so");
        setup_.listeners += listener("echo", "echo");
        setup_.plugin_settings = ", max_draining: 1";
        daemon_.emplace(setup_);
        control_.emplace(*daemon_);
    }
    void replace_both() const {
        install("2");
        std::ofstream(plugins_.path() / "echo.so.new", std::ios::binary)
            << std::ifstream(plugins_.path() / "echo.so", std::ios::binary).rdbuf() << "more";
        std::filesystem::permissions(plugins_.path() / "echo.so.new", std::filesystem::perms(0755));
        std::filesystem::rename(plugins_.path() / "echo.so.new", plugins_.path() / "echo.so");
    }
};

TEST_F(TwoReplacedPlugins, AreCountedTogetherAndOnlyWhereSomebodyHoldsThem) {
    Client first = connect();
    ASSERT_NE(ask(first, "hold"), "");
    {
        Client second(control_->port("echo"));
        ASSERT_TRUE(second.echoes("hold"));
        replace_both();
        expect_refused(
            "0 replaced generations of plugins still have connections, and this would "
            "leave 2 more");
    }
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (control_->show("echo")["connections"]["open"] != 0) {
        ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "its connection never ends";
    }
    EXPECT_EQ(control_->run({"reload"}).code, 0);
    EXPECT_EQ(ask(first, "a"), "1 hello a\n");
    EXPECT_EQ(ask_anew(), "2 hello who\n");
}

TEST_F(ReplacedPlugin, ADaemonThatIsToldToStopDoesNotWaitForOneThatHangs) {
    install("hangs");
    auto reload = std::async(std::launch::async, [&] { return control_->run({"reload"}); });
    const pid_t probe = probe_of(*daemon_);
    ASSERT_GT(probe, 0);
    EXPECT_EQ(daemon_->stop(), 0);
    EXPECT_NE(reload.get().code, 0);
    EXPECT_EQ(::kill(probe, 0), -1) << "its probe is left behind";
    EXPECT_EQ(daemon_->log().count("was not tried to its end"), 1U);
    EXPECT_EQ(daemon_->log().count("the daemon is stopping"), 1U);
}

}  // namespace
}  // namespace protohost::harness
