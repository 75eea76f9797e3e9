// SPDX-License-Identifier: MIT
#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <vector>

#include <gtest/gtest.h>

#include <protohost/plugin.hpp>
#include <protohost/testing.hpp>

namespace protohost::testing {
namespace {

using namespace std::chrono_literals;
using Events = std::vector<std::string>;

/// Answers what the program says, and terminates it when it complains.
struct Talking final : SubprocessProtocol {
    void connection_made(SubprocessTransport transport) override { transport_ = transport; }
    void pipe_data_received(int fd, Bytes data) override {
        if (as_text(data) == "throw") throw std::runtime_error("as told");
        if (fd == 2) transport_.terminate();
        if (fd == 1) transport_.get_pipe_transport(0).write(data);
    }
    bool drain_requested(TimePoint) override { return true; }

    SubprocessTransport transport_;
};

TEST(Process, RecordsWhatTheProtocolDid) {
    Host host;
    Process process(host, std::make_unique<Talking>(), {.handled_signals = {SIGTERM}});
    process.feed_data(1, "question");
    EXPECT_EQ(process.take_written(), "question");
    EXPECT_EQ(process.written(), "");
    process.feed_data(2, "error");
    EXPECT_EQ(process.events(), Events{"send_signal 15"});
    EXPECT_EQ(process.signals(), std::vector<int>{SIGTERM});
    EXPECT_FALSE(process.lost());
    process.exit(0);
    ASSERT_TRUE(process.lost());
    EXPECT_EQ(*process.lost(), Loss{});
    EXPECT_TRUE(process.eof_written());
}

TEST(Process, IsAbortedAtTheDeadlineOfADrain) {
    Host host;
    Process process(host, std::make_unique<Talking>());
    process.drain(5s);
    host.advance(4s);
    EXPECT_FALSE(process.lost());
    host.advance(1s);
    EXPECT_TRUE(process.lost());
    EXPECT_EQ(process.signals(), std::vector<int>{SIGKILL});
}

TEST(Process, KnowsWhatTheTestSaysOfIt) {
    Host host;
    Process process(host, std::make_unique<Talking>(), {.pipes = {1}, .pid = 77});
    EXPECT_EQ(process.transport().get_pid(), 77);
    EXPECT_EQ(process.transport().get_extra_info("subprocess").text(), "77");
    EXPECT_THROW(process.feed_data(2, "x"), std::logic_error);
    EXPECT_THROW(process.written(), std::logic_error);
    process.feed_data(1, "throw");
    EXPECT_EQ(process.failures(), Events{"pipe_data_received: as told"});
    EXPECT_FALSE(process.lost()) << "it lives";
}

TEST(Process, MayEndInAWayThatNobodyKnows) {
    Host host;
    Process process(host, std::make_unique<Talking>());
    std::optional<int> code;
    host.get_loop().call_later(1s, [&] { code = process.transport().get_returncode(); });
    process.exit_before_its_pipes(SubprocessTransport::unknown_returncode);
    host.advance(1s);
    EXPECT_EQ(code, SubprocessTransport::unknown_returncode);
    for (const int fd : {0, 1, 2}) process.close_pipe(fd);
    EXPECT_TRUE(process.lost());
}

TEST(Process, EndsWithTheTest) {
    Host host;
    {
        Process process(host, std::make_unique<Talking>());
        process.transport().get_pipe_transport(0).write("x");
    }
    EXPECT_EQ(host.pending_calls(), 0U);
}

TEST(Opening, SaysWhatWasToBeStarted) {
    Host host;
    const auto make = [] { return std::make_unique<Talking>(); };
    const SubprocessOptions asked{.err = Stdio::output(),
                                  .cwd = "/tmp",
                                  .environment = {{"A", "b"}},
                                  .start_new_session = true,
                                  .user = "nobody",
                                  .extra_groups = {{"one", "two"}},
                                  .umask = 027,
                                  .limits = {{RLIMIT_NOFILE, 10, 20}}};
    host.get_loop().subprocess_exec(make, {"program", "argument"}, asked);
    Opening opening = host.opening();
    EXPECT_EQ(opening.method(), "subprocess_exec");
    EXPECT_EQ(opening.args(), (Events{"program", "argument"}));
    EXPECT_EQ(opening.options().cwd, "/tmp");
    EXPECT_EQ(opening.options().environment, asked.environment);
    EXPECT_FALSE(opening.options().env);
    EXPECT_TRUE(opening.options().start_new_session);
    EXPECT_EQ(opening.options().user, "nobody");
    EXPECT_EQ(opening.options().extra_groups, asked.extra_groups);
    EXPECT_EQ(opening.options().umask, 027U);
    ASSERT_EQ(opening.options().limits.size(), 1U);
    EXPECT_EQ(opening.options().limits[0].hard, 20U);
    Process& process = opening.spawn();
    EXPECT_FALSE(process.transport().get_pipe_transport(2));
    EXPECT_THROW(opening.accept(), std::logic_error);
    process.exit(0);
    EXPECT_TRUE(process.lost());
}

TEST(Opening, OfAProgramMayFailAndNeverTimesOut) {
    Host host;
    int os_errno = 0;
    host.get_loop().subprocess_shell([] { return std::make_unique<Talking>(); },
                                     "a | b",
                                     {.env = SubprocessOptions::Variables{}},
                                     [&](const Error* exc, SubprocessTransport transport) {
                                         os_errno = exc->os_errno;
                                         EXPECT_FALSE(transport);
                                     });
    host.advance(1h);
    Opening opening = host.opening();
    EXPECT_EQ(opening.args(), Events{"a | b"});
    EXPECT_TRUE(opening.options().env);
    opening.refuse(ENOENT);
    EXPECT_EQ(os_errno, ENOENT);
    Connection connection(host, std::make_unique<Protocol>());
    host.get_loop().create_connection([] { return std::make_unique<Protocol>(); }, "127.0.0.1", 1);
    EXPECT_THROW(host.opening().args(), std::logic_error);
}

TEST(Opening, OfAProgramIsRefusedWhereTheDaemonRefusesIt) {
    Host host;
    const auto make = [] { return std::make_unique<Talking>(); };
    const auto status_of = [&](const std::vector<std::string>& args,
                               const SubprocessOptions& options) {
        ph_status status = PH_OK;
        host.get_loop().subprocess_exec(
            make, args, options, [&](const Error* exc, SubprocessTransport) {
                status = exc->status;
            });
        host.run_ready();
        return status;
    };
    EXPECT_EQ(status_of({}, {}), PH_E_INVAL);
    EXPECT_EQ(status_of({""}, {}), PH_E_INVAL);
    EXPECT_EQ(status_of({"a"}, {.in = Stdio::output()}), PH_E_INVAL);
    EXPECT_EQ(status_of({"a"}, {.out = Stdio(12345)}), PH_E_INVAL);
    EXPECT_EQ(status_of({"a"}, {.pass_fds = {{1, 0}}}), PH_E_INVAL);
    EXPECT_EQ(status_of({"a"}, {.pass_fds = {{3, -1}}}), PH_E_INVAL);
    EXPECT_EQ(status_of({"a"}, {.environment = {{"", "x"}}}), PH_E_INVAL);
    EXPECT_TRUE(host.openings().empty());
}

}  // namespace
}  // namespace protohost::testing
