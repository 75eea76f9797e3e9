// SPDX-License-Identifier: MIT
// subprocess_exec and subprocess_shell in the hands of a plugin that is written in C++.
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/net/account.hpp"
#include "tests/daemon/net/connect_rig.hpp"
#include "tests/daemon/net/process_rig.hpp"
#include "tests/daemon/net/scratch_folder.hpp"
#include "tests/daemon/unit/rig.hpp"

#include <protohost/plugin.hpp>

namespace protohost::unit::testing {
namespace {

using net::testing::open_descriptors;

class Subprocess : public ::testing::Test {
protected:
    /// Called when something was started, or why it was not.
    auto completion() {
        return [this](const Error* exc, SubprocessTransport transport) {
            if (++told_ == 1) before_told_ = story().events;
            transport_ = transport;
            status_ = exc != nullptr ? exc->status : ph_status{PH_OK};
            os_errno_ = exc != nullptr ? exc->os_errno : 0;
            text_ = exc != nullptr ? exc->message : "";
        };
    }
    auto protocols() {
        return [this] { return puppet().story.process(); };
    }
    Handle exec(const std::vector<std::string>& args, const SubprocessOptions& options = {}) {
        return puppet().loop().subprocess_exec(protocols(), args, options, completion());
    }
    Handle shell(const std::string& line, const SubprocessOptions& options = {}) {
        return puppet().loop().subprocess_shell(protocols(), line, options, completion());
    }
    /// What it writes, when it has ended.
    std::string output(const std::vector<std::string>& args,
                       const SubprocessOptions& options = {}) {
        const std::size_t before = story().received.size();
        const std::size_t lost = story().count("lost");
        told_ = 0;
        exec(args, options);
        rig_.run_until([&] { return story().count("lost") > lost || status_ != PH_OK; });
        EXPECT_EQ(text_, "");
        return story().received.substr(before);
    }
    /// What is told where nothing is started.
    std::string refusal(const std::vector<std::string>& args,
                        const SubprocessOptions& options = {}) {
        told_ = 0;
        const std::size_t made = story().count("made");
        exec(args, options);
        EXPECT_EQ(told_, 0u) << "never from inside";
        rig_.run_until([&] { return told_ != 0; });
        rig_.run_ready();
        EXPECT_EQ(told_, 1u);
        EXPECT_FALSE(transport_);
        EXPECT_EQ(story().count("made"), made) << "no callback is called";
        return text_;
    }
    Puppet& puppet() {
        if (puppet_ == nullptr) {
            model::ListenerSpec spec;
            spec.timeouts = timeouts_;
            puppet_ = &rig_.listener(std::move(spec));
            puppet_->start();
        }
        return *puppet_;
    }
    Story& story() { return puppet().story; }
    /// Whether all have ended that had the write end of `pipe`.
    static bool all_are_gone(net::testing::Pipe& pipe) {
        pipe.writing.close();
        std::array<char, 1> byte{};
        return net::testing::becomes_readable(pipe.reading.get()) &&
               ::read(pipe.reading.get(), byte.data(), byte.size()) == 0;
    }

    model::Timeouts timeouts_;  // before the first use of the puppet
    Rig rig_;
    Puppet* puppet_ = nullptr;
    unsigned told_ = 0;
    std::vector<std::string> before_told_;
    ph_status status_ = PH_OK;
    int os_errno_ = 0;
    std::string text_;
    SubprocessTransport transport_;
};

TEST_F(Subprocess, TellsItsProtocolFirstAndThenWhoAsked) {
    story().on = [&](std::string_view event) {
        if (event == "made") {
            EXPECT_EQ(told_, 0u);
        }
    };
    exec({"echo", "hello"});
    rig_.run_until([&] { return told_ == 1; });
    EXPECT_EQ(before_told_, std::vector<std::string>{"made"});
    EXPECT_TRUE(transport_ == story().processes.front());
    EXPECT_GT(transport_.get_pid(), 0);
    EXPECT_EQ(transport_.get_extra_info("subprocess").text(), std::to_string(transport_.get_pid()));
    rig_.run_until([&] { return story().count("lost") == 1; });
    EXPECT_EQ(story().received, "hello\n");
    EXPECT_EQ(story().returncodes, std::vector<int>{0});
}

TEST_F(Subprocess, RunsALineOfTheShell) {
    shell("echo a | tr a b; exit 7");
    rig_.run_until([&] { return story().count("lost") == 1; });
    EXPECT_EQ(story().received, "b\n");
    EXPECT_EQ(story().returncodes, std::vector<int>{7});
}

TEST_F(Subprocess, FindsACleanEnvironment) {
    ::setenv("NOTIFY_SOCKET", "/nowhere", 1);
    ::setenv("LISTEN_FDS", "1", 1);
    const std::string found = output({"env"}, {.environment = {{"A", "b c"}, {"USER", "other"}}});
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("LISTEN_FDS");
    std::string expected = std::string("PATH=") + std::getenv("PATH") + "\n";
    if (std::getenv("LANG") != nullptr)
        expected += std::string("LANG=") + std::getenv("LANG") + "\n";
    EXPECT_EQ(found, expected + "HOME=" + net::own_account().home + "\nUSER=other\nA=b c\n");
    EXPECT_EQ(output({"/usr/bin/env"}, {.env = {{{"ONLY", "this"}}}}), "ONLY=this\n");
    EXPECT_EQ(output({"/usr/bin/env"}, {.env = SubprocessOptions::Variables{}}), "");
}

TEST_F(Subprocess, RunsAsAskedFor) {
    const net::testing::ScratchFolder folder;
    EXPECT_EQ(output({"sh", "-c", "pwd; umask; ulimit -n; echo $0"},
                     {.cwd = folder.path(),
                      .executable = "/bin/sh",
                      .umask = 027,
                      .limits = {{RLIMIT_NOFILE, 88, 88}}}),
              folder.path() + "\n0027\n88\nsh\n");
    EXPECT_EQ(output({"sh",
                      "-c",
                      "read -r pid _ _ _ group session _ </proc/self/stat; "
                      "echo $((pid == group)) $((pid == session))"},
                     {.start_new_session = true}),
              "1 1\n");
    EXPECT_EQ(output({"sh", "-c", "stty size; test -t 2 && echo terminal"}, {.pty = {{3, 4}}}),
              "3 4\r\nterminal\r\n");
}

TEST_F(Subprocess, StandardStreamsGoWhereTheyAreTold) {
    EXPECT_EQ(output({"sh", "-c", "echo out; echo err >&2; cat"},
                     {.in = Stdio::devnull(), .err = Stdio::output()}),
              "out\nerr\n");
    EXPECT_EQ(output({"sh", "-c", "echo out; echo err >&2"},
                     {.in = Stdio::inherit(), .out = Stdio::devnull()}),
              "err\n");
}

TEST_F(Subprocess, DescriptorsAreCopiedInTheCall) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    exec({"sh", "-c", "echo out; echo more >&7"},
         {.out = Stdio(ends[1]), .pass_fds = {{7, ends[1]}}});
    ::close(ends[1]);
    rig_.run_until([&] { return story().count("lost") == 1; });
    std::array<char, 64> text{};
    ASSERT_EQ(::read(ends[0], text.data(), text.size()), 9);
    EXPECT_STREQ(text.data(), "out\nmore\n");
    EXPECT_EQ(::read(ends[0], text.data(), text.size()), 0) << "nobody has it any more";
    ::close(ends[0]);
}

TEST_F(Subprocess, WhatCannotBeStartedIsToldWithItsNumber) {
    const std::size_t before = open_descriptors();
    EXPECT_EQ(refusal({"/no/such/program"}),
              "cannot start /no/such/program: No such file or directory");
    EXPECT_EQ(status_, PH_E_OS);
    EXPECT_EQ(os_errno_, ENOENT);
    EXPECT_EQ(refusal({"true"}, {.cwd = "/no/such"}),
              "cannot start true: cannot enter /no/such: No such file or directory");
    EXPECT_EQ(os_errno_, ENOENT);
    EXPECT_EQ(refusal({"/etc/passwd"}).substr(0, 44),
              "cannot start /etc/passwd: Permission denied ");
    EXPECT_EQ(os_errno_, EACCES);
    EXPECT_EQ(story().count("unused"), 3u) << "their protocols are destroyed";
    EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Subprocess, WhatIsWrongWithTheArgumentsIsSaid) {
    const auto expect = [&](const std::vector<std::string>& args,
                            const SubprocessOptions& options,
                            const std::string& text) {
        EXPECT_EQ(refusal(args, options), text);
        EXPECT_EQ(status_, PH_E_INVAL);
    };
    expect({}, {}, "no program was named");
    expect({""}, {}, "no program was named");
    expect(
        {"true"}, {.in = Stdio::output()}, "standard input cannot go where standard output goes");
    expect({"true"}, {.out = Stdio(12345)}, "descriptor 12345: Bad file descriptor");
    expect({"true"}, {.pass_fds = {{2, 0}}}, "2 is no number for a further descriptor: above 2");
    expect({"true"}, {.pass_fds = {{3, -1}}}, "descriptor -1: Bad file descriptor");
    expect({"true"},
           {.environment = {{"", "x"}}},
           "\"=x\" is no variable of an environment (NAME=value)");
    expect({"true"}, {.user = "no-such-user"}, "there is no user \"no-such-user\"");
    expect({"true"}, {.group = "no-such-group"}, "there is no group \"no-such-group\"");
    expect({"true"},
           {.extra_groups = {{"root", "no-such-group"}}},
           "there is no group \"no-such-group\"");
}

TEST_F(Subprocess, FlagsThatThisDaemonDoesNotKnowAreRefused) {
    puppet();
    ph_open open{};
    open.size = sizeof open;
    open.arg = &status_;
    ph_process process{};
    process.size = sizeof process;
    process.flags = 1u << 31;
    const ph_op op = puppet().api().subprocess_exec(
        puppet().context(), &open, &process, [](void* self, const ph_error* why, ph_transport*) {
            *static_cast<ph_status*>(self) = why->code;
        });
    EXPECT_NE(op, 0u);
    rig_.run_until([&] { return status_ != PH_OK; });
    EXPECT_EQ(status_, PH_E_UNSUPPORTED);
}

TEST_F(Subprocess, OfAnotherUserHasHisEnvironment) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may run programs as somebody else";
    EXPECT_EQ(output({"sh", "-c", "id -un; id -gn; echo $HOME $USER"}, {.user = "nobody"}),
              "nobody\nnogroup\n" + net::find_account("nobody")->home + " nobody\n");
    EXPECT_EQ(
        output({"id", "-G"}, {.user = "nobody", .group = "daemon", .extra_groups = {{"sys"}}}),
        std::to_string(*net::find_group("daemon")) + " " + std::to_string(*net::find_group("sys")) +
            "\n");
}

TEST_F(Subprocess, IsOneOfTheConnectionsOfItsUnit) {
    exec({"sleep", "1000"});
    rig_.run_until([&] { return told_ == 1; });
    EXPECT_EQ(puppet().unit().connections(), 1u);
    std::vector<ConnectionSnapshot> listed;
    puppet().unit().append_connections(listed);
    ASSERT_EQ(listed.size(), 1u);
    EXPECT_EQ(listed[0].role, "process");
    EXPECT_EQ(listed[0].peer, "sleep (pid " + std::to_string(transport_.get_pid()) + ")");
    EXPECT_EQ(listed[0].state, "open");
    EXPECT_TRUE(puppet().unit().close_connection(listed[0].id, false));
    rig_.run_until([&] { return story().count("lost") == 1; });
    EXPECT_EQ(story().returncodes, std::vector<int>{-SIGKILL});
    EXPECT_EQ(puppet().unit().snapshot().opened, 1u);
}

TEST_F(Subprocess, IsTerminatedWithItsUnit) {
    net::testing::Pipe pipe;
    shell("sleep 1000 & sleep 1000", {.pass_fds = {{9, pipe.writing.get()}}});
    rig_.run_until([&] { return told_ == 1; });
    rig_.end(puppet());
    EXPECT_EQ(story().returncodes, std::vector<int>{-SIGTERM});
    EXPECT_EQ(story().count("drain"), 1u);
    EXPECT_TRUE(all_are_gone(pipe)) << "also who was started by it";
}

TEST_F(Subprocess, IsKilledWithItsGroupWhenTheUnitsPatienceEnds) {
    timeouts_.drain = std::chrono::milliseconds(50);
    net::testing::Pipe pipe;
    shell("trap '' TERM; sleep 1000 & echo ready; while :; do sleep 1000; done",
          {.pass_fds = {{9, pipe.writing.get()}}});
    rig_.run_until([&] { return story().received == "ready\n"; });
    rig_.end(puppet());
    EXPECT_EQ(story().returncodes, std::vector<int>{-SIGKILL});
    EXPECT_TRUE(all_are_gone(pipe));
}

TEST_F(Subprocess, ItsPipesHaveAsLongAsItsUnitSays) {
    timeouts_.pipes = std::chrono::milliseconds(20);
    shell("echo said; sleep 1000 & exit 3");
    rig_.run_until([&] { return told_ == 1; });
    const pid_t group = transport_.get_pid();
    rig_.run_until([&] { return story().count("lost") == 1; });
    EXPECT_EQ(story().received, "said\n");
    EXPECT_EQ(story().returncodes, std::vector<int>{3});
    ::kill(-group, SIGKILL);
}

TEST_F(Subprocess, WhatItsProtocolThrowsIsLoggedAndEndsNothing) {
    story().on = [](std::string_view event) {
        if (event != "lost") throw std::runtime_error("not today");
    };
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(output({"echo", "said"}), "said\n");
    const std::string log = ::testing::internal::GetCapturedStderr();
    for (const char* const callback : {"connection_made", "pipe_data_received", "process_exited"}) {
        EXPECT_NE(log.find(std::string("): plugin puppet: ") + callback + " failed: not today"),
                  std::string::npos)
            << log;
    }
    EXPECT_EQ(log.find("aborted"), std::string::npos) << log;
    EXPECT_EQ(puppet().unit().snapshot().failed, 3u);
}

TEST_F(Subprocess, WhomSomebodyElseHasWaitedForIsSaid) {
    ::testing::internal::CaptureStderr();
    story().on = [&](std::string_view event) {
        if (event == "made") {
            EXPECT_GT(::waitpid(story().processes.front().get_pid(), nullptr, 0), 0);
        }
    };
    EXPECT_EQ(output({"true"}), "");
    EXPECT_EQ(story().returncodes, std::vector<int>{SubprocessTransport::unknown_returncode});
    const std::string log = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(log.find("nobody knows how process true (pid "), std::string::npos) << log;
}

}  // namespace
}  // namespace protohost::unit::testing
