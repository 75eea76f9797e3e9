// SPDX-License-Identifier: MIT
// `subprocesses:` of the real daemon: started in order, looked after, and stopped with all they
// have started.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/scale.hpp"

namespace protohost::harness {
namespace {

using base::Json;

/// Looks again and again; false after a long time.
template <class F>
bool soon(F&& holds) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

std::string text_of(const std::filesystem::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// One that has ended and that nobody has asked how is not alive.
bool is_alive(pid_t process) {
    const std::string stat = text_of("/proc/" + std::to_string(process) + "/stat");
    const std::size_t name_end = stat.rfind(')');
    return name_end != std::string::npos && stat[name_end + 2] != 'Z' && stat[name_end + 2] != 'X';
}

/// The number that a process writes into that file, with a line break behind it.
pid_t number_in(const std::filesystem::path& file) {
    std::string text;
    EXPECT_TRUE(soon([&] { return (text = text_of(file)).ends_with('\n'); })) << file;
    return text.empty() ? 0 : std::stoi(text);
}

DaemonSetup with(const std::string& subprocesses) {
    return {.sections = "subprocesses:\n" + subprocesses};
}

class Looked {
public:
    explicit Looked(const Daemon& daemon) : control_(daemon) {}

    std::string state(const std::string& unit) const { return control_.show(unit)["state"]; }
    pid_t pid(const std::string& unit) const { return process(unit)["pid"]; }
    Json process(const std::string& unit) const { return control_.show(unit)["process"]; }
    bool becomes(const std::string& unit, const std::string& state) const {
        return soon([&] { return this->state(unit) == state; });
    }
    /// With 0 its pipes have ended, too.
    int open_transports(const std::string& unit) const {
        return control_.show(unit)["connections"]["open"];
    }
    const Control& control() const { return control_; }

private:
    const Control control_;
};

TEST(Subprocesses, LinesOfOneWithoutAProtocolAreLoggedAndKept) {
    const Daemon daemon(
        with("  talks: {shell: 'echo one; echo two; printf three; exec sleep 1000'}\n"
             "  complains: {shell: 'echo wrong >&2; exec sleep 1000'}\n"
             "  quiet: {command: [sleep, '1000']}\n"));
    daemon.log().wait_for("info  subprocess.talks: one");
    daemon.log().wait_for("info  subprocess.talks: two");
    daemon.log().wait_for("info  subprocess.complains: wrong");
    const Looked looked(daemon);
    const Control& control = looked.control();
    ASSERT_TRUE(soon([&] { return control.run({"tail", "talks"}).output.ends_with("three"); }));
    EXPECT_EQ(control.run({"tail", "talks", "--lines", "2"}).output, "two\nthree");
    EXPECT_EQ(control.run({"tail", "talks", "-n", "0"}).output, "");
    EXPECT_EQ(control.run({"tail", "complains"}).output, "wrong\n");
    EXPECT_EQ(control.run({"tail", "quiet"}).output, "");
    const Json all = control.ask("tail", {{"unit", "talks"}, {"after", 4}});
    EXPECT_EQ(all["text"], "two\nthree");
    EXPECT_EQ(all["end"], 13);
    EXPECT_EQ(all["skipped"], 0);
    EXPECT_EQ(daemon.log().count("three"), 0U) << "the line has not ended";
    for (const Json& each : control.ask("list", {{"what", "connections"}})) {
        EXPECT_EQ(each["reading"], true) << each["peer"];
    }
}

TEST(Subprocesses, SeeNothingOfTheDaemonsButWhatIsMeantForThem) {
    const Daemon daemon(
        {.sections = "subprocesses:\n"
                     "  env: {command: [env], environment: {A: 'b c', LANG: xx}, restart: never}\n"
                     "  fds: {command: [ls, /proc/self/fd], restart: never, ready: {newline: 5}}\n",
         .wrapper = {"env", "-i", "PATH=/usr/bin:/bin", "SECRET=1", "LISTEN_FDS=0"}});
    const Looked looked(daemon);
    for (const char* const unit : {"env", "fds"}) {
        ASSERT_TRUE(looked.becomes(unit, "exited"));
        ASSERT_TRUE(soon([&] { return looked.open_transports(unit) == 0; })) << "all was read";
    }
    std::string environment = looked.control().run({"tail", "env"}).output;
    EXPECT_EQ(environment.find("SECRET"), std::string::npos) << environment;
    EXPECT_EQ(environment.find("LISTEN_FDS"), std::string::npos) << environment;
    EXPECT_NE(environment.find("PATH=/usr/bin:/bin\n"), std::string::npos) << environment;
    EXPECT_NE(environment.find("LANG=xx\n"), std::string::npos) << environment;
    EXPECT_NE(environment.find("A=b c\n"), std::string::npos) << environment;
    EXPECT_EQ(std::count(environment.begin(), environment.end(), '\n'), 5) << environment;
    // The last is the folder that it lists.
    EXPECT_EQ(looked.control().run({"tail", "fds"}).output, "0\n1\n2\n3\n5\n");
}

TEST(Subprocesses, AreReadyWhenTheirDefinitionSaysSoAndNotBefore) {
    const ScratchFolder folder;
    const std::string go = (folder.path() / "go").string();
    const std::string wait = "while [ ! -e " + go + " ]; do sleep 0.01; done; ";
    const std::string notify =
        folder.write("notify.py",
                     "import os, socket\n"
                     "name = os.environ['NOTIFY_SOCKET'].replace('@', '\\0')\n"
                     "here = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
                     "here.sendto(b'READY=1\\nSTATUS=well', name)\n");
    const std::string socket = (folder.path() / "socket").string();
    const std::string listens = folder.write("listens.py",
                                             "import socket, time\n"
                                             "here = socket.socket(socket.AF_UNIX)\n"
                                             "here.bind('" +
                                                 socket +
                                                 "')\n"
                                                 "here.listen()\n"
                                                 "time.sleep(1000)\n");
    const Daemon daemon(
        with("  started: {command: [sleep, '1000']}\n"
             "  after: {command: [sleep, '1000'], ready: {after: 10ms}}\n"
             "  newline: {shell: '" +
             wait +
             "echo >&7; exec sleep 1000', ready: {newline: 7}}\n"
             "  notify: {shell: '" +
             wait + "python3 " + notify +
             "; exec sleep 1000', ready: {notify: true}}\n"
             "  connect: {shell: '" +
             wait + "exec python3 " + listens + "', ready: {connect: 'unix://" + socket + "'}}\n"));
    const Looked looked(daemon);
    EXPECT_TRUE(looked.becomes("started", "ready"));
    EXPECT_TRUE(looked.becomes("after", "ready"));
    for (const char* const unit : {"newline", "notify", "connect"}) {
        EXPECT_EQ(looked.state(unit), "running") << unit;
    }
    std::ofstream(go).flush();
    for (const char* const unit : {"newline", "notify", "connect"}) {
        EXPECT_TRUE(looked.becomes(unit, "ready")) << unit;
    }
    EXPECT_TRUE(soon([&] { return looked.process("notify")["status"] == "well"; }));
}

TEST(Subprocesses, OneThatIsNotReadyInTimeHasFailed) {
    const Daemon daemon(
        with("  late: {command: [sleep, '1000'], restart: never, ready: {newline: 3, timeout: "
             "20ms}}\n"));
    const Looked looked(daemon);
    EXPECT_TRUE(looked.becomes("late", "failed"));
    EXPECT_EQ(looked.process("late")["last_exit"], "was killed by SIGTERM, not ready in time");
    const std::string told = "is not ready after 20ms (ready.timeout), and is stopped";
    daemon.log().wait_for(told);
    EXPECT_EQ(daemon.log().count(told), 1U);
}

TEST(Subprocesses, StartAfterWhatTheyDependOnAndStopBeforeIt) {
    const ScratchFolder folder;
    const std::string go = (folder.path() / "go").string();
    Daemon daemon(
        with("  a: {command: [sleep, '1000'], depends_on: [b]}\n"
             "  b: {command: [sleep, '1000'], depends_on: [c]}\n"
             "  c: {shell: 'while [ ! -e " +
             go + " ]; do sleep 0.01; done; echo >&3; exec sleep 1000', ready: {newline: 3}}\n"));
    const Looked looked(daemon);
    EXPECT_TRUE(looked.becomes("c", "running"));
    EXPECT_EQ(looked.state("b"), "starting");
    EXPECT_EQ(looked.process("b")["waits_for"], Json::array({"c"}));
    EXPECT_EQ(looked.process("a")["waits_for"], Json::array({"b"}));
    std::ofstream(go).flush();
    EXPECT_TRUE(looked.becomes("a", "ready"));
    EXPECT_EQ(daemon.stop(), 0);
    std::vector<std::string> order;
    for (const std::string& line : daemon.log().with("was killed by SIGTERM")) {
        order.push_back(line.substr(line.find("subprocess ") + 11, 1));
    }
    EXPECT_EQ(order, (std::vector<std::string>{"a", "b", "c"}));
}

TEST(Subprocesses, AReloadKeepsTheirOrderToo) {
    const ScratchFolder folder;
    const std::string go = (folder.path() / "go").string();
    // "slow" needs a while to stop: what it depends on is not asked before.
    Daemon daemon(
        with("  slow: {shell: \"trap 'sleep 0.1; exit 0' TERM; echo up; while :; do sleep 0.01; "
             "done\", depends_on: [base]}\n"
             "  base: {command: [sleep, '1000']}\n"));
    daemon.log().wait_for("subprocess.slow: up");
    daemon.rewrite(
        with("  late: {command: [sleep, '1000'], depends_on: [first]}\n"
             "  first: {shell: 'while [ ! -e " +
             go + " ]; do sleep 0.01; done; exit 0', restart: never, ready: {newline: 3}}\n"));
    const Looked looked(daemon);
    looked.control().reload();
    daemon.log().wait_for("subprocess base: sleep");
    const auto ends = daemon.log().with(", after ");
    ASSERT_EQ(ends.size(), 2U);
    EXPECT_NE(ends[0].find("subprocess slow: /bin/sh"), std::string::npos) << ends[0];
    EXPECT_NE(ends[1].find("subprocess base: sleep"), std::string::npos) << ends[1];

    EXPECT_EQ(looked.process("late")["waits_for"], Json::array({"first"}));
    EXPECT_EQ(looked.process("late")["starts"], 0);
    std::ofstream(go).flush();
    EXPECT_TRUE(looked.becomes("late", "ready"))
        << "one that has done its work is as good as ready";
    EXPECT_EQ(looked.state("first"), "exited");
}

TEST(Subprocesses, EndAsTheirDefinitionSays) {
    const Daemon daemon(
        with("  done: {command: ['true']}\n"
             "  broken: {command: ['false'], restart: never}\n"
             "  again: {shell: 'exit 3', backoff: {initial: 1ms, max: 2ms}}\n"
             "  always: {command: ['true'], restart: always, backoff: {initial: 1ms, max: 2ms}}\n"
             "  missing: {command: [/no/such/program], backoff: {initial: 1ms, max: 2ms}}\n"));
    const Looked looked(daemon);
    EXPECT_TRUE(looked.becomes("done", "exited"));
    EXPECT_TRUE(looked.becomes("broken", "failed"));
    EXPECT_EQ(looked.process("broken")["last_exit"], "exited with code 1");
    EXPECT_TRUE(daemon.log().wait_for_count("subprocess again: /bin/sh", 10));
    EXPECT_TRUE(daemon.log().wait_for_count("subprocess always: started true", 5));
    EXPECT_EQ(looked.process("done")["starts"], 1);
    EXPECT_EQ(looked.process("broken")["starts"], 1);
    EXPECT_EQ(looked.process("missing")["starts"], 0);
    EXPECT_EQ(daemon.log().count("/no/such/program"), 1U) << "once is enough";
    // By hand they are started again, whatever they said.
    EXPECT_EQ(looked.control().run({"start", "broken"}).code, 0);
    EXPECT_TRUE(soon([&] { return looked.process("broken")["starts"] == 2; }));
}

/// A daemon of the old kind: forked twice, in a session of its own, without its parent's pipes.
std::string leaves_behind(const std::filesystem::path& file, const std::string& then) {
    return "setsid sh -c \"setsid sh -c \\\"echo \\\\\\$\\\\\\$ > " + file.string() +
           "; exec sleep 1000\\\" & \" </dev/null >/dev/null 2>&1; while [ ! -s " + file.string() +
           " ]; do sleep 0.01; done; " + then;
}

TEST(Subprocesses, AreStoppedWithAllThatTheyHaveStarted) {
    const ScratchFolder folder;
    const auto file = folder.path() / "pid";
    const Daemon daemon(with("  forks: {shell: '" + leaves_behind(file, "exec sleep 1000") +
                             "'}\n"
                             "  other: {command: [sleep, '1000']}\n"));
    const Looked looked(daemon);
    const pid_t first = number_in(file);
    ASSERT_TRUE(is_alive(first));
    const pid_t child = looked.pid("forks");
    EXPECT_EQ(looked.control().run({"stop", "forks"}).code, 0);
    EXPECT_FALSE(is_alive(child));
    EXPECT_FALSE(is_alive(first));
    EXPECT_EQ(looked.state("forks"), "stopped");
    EXPECT_TRUE(is_alive(looked.pid("other")));
    // And before each restart.
    std::filesystem::remove(file);
    EXPECT_EQ(looked.control().run({"start", "forks"}).code, 0);
    const pid_t second = number_in(file);
    ASSERT_TRUE(is_alive(second));
    std::filesystem::remove(file);
    EXPECT_EQ(looked.control().run({"restart", "forks"}).code, 0);
    const pid_t third = number_in(file);
    EXPECT_TRUE(is_alive(third));
    EXPECT_FALSE(is_alive(second));
}

TEST(Subprocesses, WhoIgnoresItsStopSignalIsKilledInTime) {
    Daemon daemon(
        with("  deaf: {shell: \"trap '' TERM; echo up; while :; do sleep 0.05; done\", stop: "
             "{timeout: 50ms}}\n"
             "  polite: {shell: \"trap 'exit 7' INT; echo up; while :; do sleep 0.01; done\", "
             "stop: {signal: SIGINT}}\n"));
    daemon.log().wait_for("subprocess.deaf: up");
    daemon.log().wait_for("subprocess.polite: up");
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(daemon.log().count("that did not end"), 1U);
    EXPECT_EQ(daemon.log().count("was killed by SIGKILL"), 1U);
    EXPECT_EQ(daemon.log().count("exited with code 7"), 1U);
}

TEST(Subprocesses, DoNotOutliveADaemonThatIsKilled) {
    Daemon daemon(with("  one: {command: [sleep, '1000']}\n  two: {shell: 'sleep 10; true'}\n"));
    const Looked looked(daemon);
    const std::vector<pid_t> children{looked.pid("one"), looked.pid("two")};
    for (const pid_t child : children) ASSERT_TRUE(is_alive(child));
    daemon.stop(SIGKILL);
    for (const pid_t child : children) {
        EXPECT_TRUE(soon([&] { return !is_alive(child); }));
    }
}

/// They have left group, session and parent, and the kernel kills none of them with the daemon.
TEST(Subprocesses, NeitherDoesWhatTheyHaveStarted) {
    const ScratchFolder folder;
    const auto of_unit = folder.path() / "unit";
    const auto of_plugin = folder.path() / "plugin";
    const auto leaves = [](const std::filesystem::path& file) {
        return "(setsid sh -c 'echo $$ > " + file.string() + "; exec sleep 1000' &); ";
    };
    DaemonSetup setup = with("  forks: {shell: \"" + leaves(of_unit) + "exec sleep 1000\"}\n");
    setup.listeners =
        listener("exec",
                 "exec",
                 ", options: {command: [sh, -c, \"" + leaves(of_plugin) + "exec sleep 1000\"]}");
    Daemon daemon(setup);
    const Client client(daemon.port("exec"));
    const std::vector<pid_t> orphans{number_in(of_unit), number_in(of_plugin)};
    for (const pid_t orphan : orphans) ASSERT_TRUE(is_alive(orphan));
    daemon.stop(SIGKILL);
    for (const pid_t orphan : orphans) {
        EXPECT_TRUE(soon([&] { return !is_alive(orphan); }));
    }
}

TEST(Subprocesses, AreSignalledByName) {
    const Daemon daemon(with(
        "  hears: {shell: \"trap 'echo heard' HUP; echo up; while :; do sleep 0.01; done\"}\n"));
    daemon.log().wait_for("subprocess.hears: up");
    const Looked looked(daemon);
    EXPECT_EQ(looked.control().run({"signal", "hears", "SIGHUP"}).code, 0);
    EXPECT_EQ(looked.control().run({"signal", "hears", "HUP"}).code, 0);
    daemon.log().wait_for("subprocess.hears: heard");
    EXPECT_EQ(looked.control().run({"signal", "hears", "SIGHOP"}).errors,
              "protohostctl: there is no signal \"SIGHOP\" (did you mean \"SIGHUP\"?)\n");
    EXPECT_EQ(looked.control().run({"stop", "hears"}).code, 0);
    EXPECT_EQ(looked.control().run({"signal", "hears", "1"}).errors,
              "protohostctl: hears does not run\n");
    EXPECT_EQ(looked.control().run({"restart", "hears"}).errors,
              "protohostctl: hears is stopped: use start\n");
}

TEST(Subprocesses, AReloadRestartsThoseThatMustBeAnotherProcess) {
    const std::string same = "  same: {command: [sleep, '1000']}\n";
    Daemon daemon(with(same + "  tuned: {command: [sleep, '1000']}\n"
                              "  changed: {command: [sleep, '1000']}\n"
                              "  gone: {command: [sleep, '1000']}\n"));
    const Looked looked(daemon);
    const pid_t same_pid = looked.pid("same");
    const pid_t tuned = looked.pid("tuned");
    const pid_t changed = looked.pid("changed");
    const pid_t gone = looked.pid("gone");
    daemon.rewrite(with(same + "  tuned: {command: [sleep, '1000'], backoff: {max: 1s}, stop: "
                               "{timeout: 1s}, ready: {after: 1ms}}\n"
                               "  changed: {command: [sleep, '1000'], environment: {A: b}}\n"
                               "  added: {command: [sleep, '1000']}\n"));
    const Json record = looked.control().reload();
    EXPECT_EQ(record["added"], Json::array({"subprocesses.added"}));
    EXPECT_EQ(record["removed"], Json::array({"subprocesses.gone"}));
    EXPECT_EQ(record["unchanged"], 1);
    EXPECT_EQ(record["changed"],
              Json::parse(R"([{"unit": "subprocesses.changed", "change": ["restarted"]},
                              {"unit": "subprocesses.tuned", "change": ["retuned"]}])"));
    EXPECT_TRUE(soon([&] { return looked.process("changed")["starts"] == 2; }));
    EXPECT_EQ(looked.pid("same"), same_pid);
    EXPECT_EQ(looked.pid("tuned"), tuned);
    EXPECT_FALSE(is_alive(changed));
    EXPECT_TRUE(soon([&] { return !is_alive(gone); }));
    EXPECT_TRUE(looked.becomes("added", "ready"));
}

TEST(Subprocesses, GoToANewVersionOfTheirPluginWhichLetsTheOldOneGo) {
    const ScratchFolder plugins;
    const auto file = plugins.path() / "gulps.so";
    std::filesystem::copy_file(std::filesystem::path(test_plugins()) / "gulps.so", file);
    DaemonSetup setup = with(
        "  talks: {shell: 'while echo word; do sleep 0.01; done', protocol: gulps, options: "
        "{gulp: 1, pause: 1ms}}\n");
    setup.plugins = plugins.path();
    const Daemon daemon(setup);
    const Looked looked(daemon);
    const pid_t pid = looked.pid("talks");
    daemon.log().wait_for("64 gulps");
    // What stands behind its end is another version, and does the same.
    std::ofstream(file, std::ios::app | std::ios::binary) << '\n';
    looked.control().reload();
    daemon.log().wait_for("plugin gulps g1: retired");
    const std::size_t said = daemon.log().count("64 gulps");
    EXPECT_TRUE(daemon.log().wait_for_count("64 gulps", said + 1)) << "it reads on";
    EXPECT_EQ(looked.pid("talks"), pid);
    EXPECT_EQ(daemon.log().count("goes to protocol gulps/gulps"), 1U);
}

TEST(Subprocesses, AnAccountThatThereIsNotRefusesTheReload) {
    Daemon daemon(with("  one: {command: [sleep, '1000']}\n"));
    const Looked looked(daemon);
    const pid_t before = looked.pid("one");
    daemon.rewrite(with("  one: {command: [sleep, '1000'], user: nobody-at-all}\n"));
    const Finished refused = looked.control().run({"reload"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_NE(refused.errors.find("subprocesses.one.user: there is no user \"nobody-at-all\""),
              std::string::npos)
        << refused.errors;
    EXPECT_EQ(looked.pid("one"), before);
}

TEST(Subprocesses, WhoHoldsThePipesOfOneThatHasEndedKeepsNothingElseFromGoingOn) {
    const ScratchFolder folder;
    const auto file = folder.path() / "pid";
    const std::string holder = "{shell: 'sleep 1000 & echo $! > " + file.string() + "; exit 0'";
    const Daemon daemon(
        with("  waits: " + holder +
             "}\n"
             "  closes: {shell: 'sleep 1000 & exit 0', timeouts: {pipes: 10ms}}\n"));
    const Looked looked(daemon);
    EXPECT_TRUE(looked.becomes("waits", "exited"));
    EXPECT_TRUE(looked.becomes("closes", "exited"));
    EXPECT_TRUE(soon([&] { return looked.open_transports("closes") == 0; }));
    EXPECT_EQ(looked.open_transports("waits"), 1);
    const pid_t holding = number_in(file);
    EXPECT_TRUE(is_alive(holding));
    EXPECT_EQ(looked.control().run({"stop", "waits"}).code, 0);
    EXPECT_FALSE(is_alive(holding));
}

TEST(Subprocesses, TheDaemonIsNotReadyBeforeOneThatIsRequired) {
    const ScratchFolder folder;
    const std::string go = (folder.path() / "go").string();
    DaemonSetup setup = with("  needed: {shell: 'while [ ! -e " + go +
                             " ]; do sleep 0.01; done; echo >&3; exec sleep 1000', ready: "
                             "{newline: 3}, required: true}\n");
    setup.awaited = "subprocess needed: started";
    const Daemon daemon(setup);
    EXPECT_EQ(daemon.log().count(" serves "), 0U);
    std::ofstream(go).flush();
    daemon.log().wait_for(" serves ");
}

TEST(Subprocesses, OneThatIsRequiredAndFailsForGoodEndsTheDaemon) {
    DaemonSetup setup = with("  needed: {command: [/no/such], restart: never, required: true}\n");
    setup.awaited = "cannot start";
    Daemon daemon(setup);
    EXPECT_EQ(daemon.wait(), 1);
    EXPECT_EQ(daemon.log().count("what is required is not there: subprocess needed: "), 1U);
}

}  // namespace
}  // namespace protohost::harness
