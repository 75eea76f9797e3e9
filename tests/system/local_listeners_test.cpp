// SPDX-License-Identifier: MIT
// Listeners that are no TCP ports of their own: UNIX sockets, and descriptors that are handed over.
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <grp.h>
#include <pwd.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/server.hpp"

namespace protohost::harness {
namespace {

namespace fs = std::filesystem;

std::string listen_on(const std::string& address, const std::string& more = {}) {
    return "  local: {listen: \"" + address + "\", protocol: echo" + more + "}\n";
}

/// A daemon that must not serve.
Finished refused(const DaemonSetup& setup, const ScratchFolder& folder) {
    return run({daemon_program(), "--config", write_configuration(folder, setup)});
}

class UnixListener : public testing::Test {
protected:
    ScratchFolder folder_;
    const std::string path_ = folder_.path() / "local.sock";
    const std::string address_ = "unix://" + path_;
    const std::string lock_ = path_ + ".lock";
    /// Where a message says that it is.
    std::string place(const ScratchFolder& folder) const {
        return (folder.path() / "protohost.yaml").string() + ":5:19: listeners.local.listen: ";
    }
};

TEST_F(UnixListener, ServesAndLeavesNothingBehind) {
    Daemon daemon({.listeners = listen_on(address_)});
    EXPECT_EQ(daemon.log().count("listener local: listening on " + address_), 1U);
    Client client(path_);
    EXPECT_TRUE(client.echoes("hello"));
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(client.ending(), Ending::orderly);
    EXPECT_FALSE(fs::exists(path_));
    EXPECT_FALSE(fs::exists(lock_));
}

TEST_F(UnixListener, HasTheModeThatItIsGiven) {
    const mode_t before = ::umask(0077);
    Daemon daemon({.listeners = listen_on(address_, ", socket: {mode: 0626}")});
    ::umask(before);
    struct stat made {};
    ASSERT_EQ(::stat(path_.c_str(), &made), 0);
    EXPECT_TRUE(S_ISSOCK(made.st_mode));
    EXPECT_EQ(made.st_mode & 07777U, 0626U);
    EXPECT_EQ(made.st_uid, ::geteuid());
    EXPECT_TRUE(Client(path_).echoes("hello"));
}

TEST_F(UnixListener, BelongsToWhomItIsGiven) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
    const passwd* const user = ::getpwnam("nobody");
    const group* const users = ::getgrnam("nogroup");
    ASSERT_TRUE(user != nullptr && users != nullptr);
    const uid_t uid = user->pw_uid;
    const gid_t gid = users->gr_gid;
    const Daemon daemon(
        {.listeners = listen_on(address_, ", socket: {owner: nobody, group: nogroup}")});
    struct stat made {};
    ASSERT_EQ(::stat(path_.c_str(), &made), 0);
    EXPECT_EQ(made.st_uid, uid);
    EXPECT_EQ(made.st_gid, gid);
    EXPECT_TRUE(Client(path_).echoes("hello"));
}

TEST_F(UnixListener, BelongsToANumberThatNoAccountHas) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
    const Daemon daemon(
        {.listeners = listen_on(address_, ", socket: {owner: 54321, group: \"54322\"}")});
    struct stat made {};
    ASSERT_EQ(::stat(path_.c_str(), &made), 0);
    EXPECT_EQ(made.st_uid, 54321U);
    EXPECT_EQ(made.st_gid, 54322U);
}

TEST_F(UnixListener, OfAnAccountThatIsNoneIsRefused) {
    const Finished finished =
        refused({.listeners = listen_on(address_, ", socket: {owner: no-such-user}")}, folder_);
    EXPECT_EQ(finished.code, 78);
    const std::string line = listen_on(address_, ", socket: {owner: no-such-user}");
    const std::string column = std::to_string(line.find("no-such-user") + 1);
    EXPECT_EQ(finished.errors,
              (folder_.path() / "protohost.yaml").string() + ":5:" + column +
                  ": listeners.local.socket.owner: there is no user no-such-user\n");
    EXPECT_FALSE(fs::exists(path_));
    EXPECT_FALSE(fs::exists(lock_));
}

TEST_F(UnixListener, ThatIsToBelongToNobodyKeepsWhatItHas) {
    Daemon daemon({.listeners = listen_on(address_, ", socket: {mode: 0600}")});
    const Control control(daemon);
    for (const std::string more : {"owner: no-such-user", "mode: 0666, group: no-such-group"}) {
        daemon.rewrite({.listeners = listen_on(address_, ", socket: {" + more + "}")});
        EXPECT_EQ(control.run({"check", "--config", daemon.configuration()}).code, 78);
        const Finished reload = control.run({"reload"});
        EXPECT_EQ(reload.code, 1);
        EXPECT_NE(reload.errors.find(more.substr(more.rfind(' ') + 1)), std::string::npos)
            << reload.errors;
        EXPECT_EQ(fs::status(path_).permissions(), fs::perms(0600));
    }
    EXPECT_TRUE(Client(path_).echoes("hello"));
}

TEST_F(UnixListener, WhatIsNoLongerSaidOfItsFileIsAsAtFirst) {
    const auto owner = [&] {
        struct stat now {};
        EXPECT_EQ(::stat(path_.c_str(), &now), 0);
        return std::array{now.st_uid, now.st_gid, now.st_mode};
    };
    Daemon daemon({.listeners = listen_on(address_)});
    const Control control(daemon);
    const auto before = owner();
    const std::string given = ::geteuid() == 0 ? ", owner: nobody, group: nogroup" : "";
    daemon.rewrite({.listeners = listen_on(address_, ", socket: {mode: 0600" + given + "}")});
    control.reload();
    EXPECT_NE(owner(), before);
    daemon.rewrite({.listeners = listen_on(address_)});
    control.reload();
    EXPECT_EQ(owner(), before);
}

TEST_F(UnixListener, WhosePathSomebodyElseHasTakenLeavesThatAlone) {
    Daemon daemon({.listeners = listen_on(address_)});
    fs::remove(path_);
    std::ofstream(path_) << "a stranger's";
    fs::permissions(path_, fs::perms(0644));
    daemon.rewrite({.listeners = listen_on(address_, ", socket: {mode: 0600}")});
    Control(daemon).reload();
    daemon.log().wait_for("is another file by now");
    EXPECT_EQ(fs::status(path_).permissions(), fs::perms(0644));
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_TRUE(fs::exists(path_));
}

TEST_F(UnixListener, WithAnAbstractNameHasNoFile) {
    const std::string name = "@protohost-test-" + std::to_string(::getpid());
    const Daemon daemon({.listeners = listen_on("unix:" + name)});
    EXPECT_TRUE(Client(name).echoes("hello"));
    EXPECT_FALSE(Client(name + "x"));
    const Finished second = refused({.listeners = listen_on("unix:" + name)}, folder_);
    EXPECT_EQ(second.code, 1);
    EXPECT_EQ(second.errors,
              place(folder_) + "cannot listen on unix:" + name + ": Address already in use\n");
}

TEST_F(UnixListener, TakesOverWhatADeadServerLeft) {
    { const Server dead(path_); }
    ASSERT_TRUE(fs::exists(path_));
    const Daemon daemon({.listeners = listen_on(address_)});
    EXPECT_TRUE(Client(path_).echoes("hello"));
}

TEST_F(UnixListener, TakesOverWhatAKilledDaemonLeft) {
    {
        Daemon killed({.listeners = listen_on(address_)});
        EXPECT_EQ(killed.stop(SIGKILL), 128 + SIGKILL);
    }
    ASSERT_TRUE(fs::exists(path_));
    ASSERT_TRUE(fs::exists(lock_));
    Daemon daemon({.listeners = listen_on(address_)});
    EXPECT_TRUE(Client(path_).echoes("hello"));
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_FALSE(fs::exists(path_));
    EXPECT_FALSE(fs::exists(lock_));
}

TEST_F(UnixListener, DoesNotTakeAPathFromALiveServer) {
    Server alive(path_);
    const Finished finished = refused({.listeners = listen_on(address_)}, folder_);
    EXPECT_EQ(finished.code, 1);
    EXPECT_EQ(
        finished.errors,
        place(folder_) + path_ +
            " is served by another process (one path has one server; find it with ss -xlp)\n");
    EXPECT_EQ(finished.output, "");
    const Client client(path_);
    EXPECT_TRUE(client);
    EXPECT_TRUE(alive.accept()) << "the one that looked, or the one that came";
    EXPECT_FALSE(fs::exists(lock_));
}

TEST_F(UnixListener, ReplacesNothingThatIsNoSocket) {
    folder_.write("local.sock", "precious");
    const Finished finished = refused({.listeners = listen_on(address_)}, folder_);
    EXPECT_EQ(finished.code, 1);
    EXPECT_EQ(finished.errors,
              place(folder_) + path_ +
                  " is there already, and is no socket (remove it, or choose another path)\n");
    EXPECT_EQ(fs::file_size(path_), 8U);
}

TEST_F(UnixListener, OfTwoDaemonsOnePathTheSecondIsRefused) {
    Daemon first({.listeners = listen_on(address_)});
    const Finished second = refused({.listeners = listen_on(address_)}, folder_);
    EXPECT_EQ(second.code, 1);
    EXPECT_EQ(second.errors,
              place(folder_) + path_ + " is served by another process, which holds " + lock_ +
                  " (one path has one server; find it with ss -xlp)\n");
    EXPECT_TRUE(Client(path_).echoes("as ever"));
    EXPECT_EQ(first.stop(), 0);
    const Daemon third({.listeners = listen_on(address_)});
    EXPECT_TRUE(Client(path_).echoes("its turn"));
}

TEST_F(UnixListener, OfTwoDaemonsStandSideBySide) {
    const std::string other = folder_.path() / "other.sock";
    Daemon first({.listeners = listen_on(address_)});
    const Daemon second({.listeners = listen_on("unix://" + other)});
    EXPECT_TRUE(Client(path_).echoes("one"));
    EXPECT_TRUE(Client(other).echoes("two"));
    EXPECT_EQ(first.stop(), 0);
    EXPECT_TRUE(Client(other).echoes("still two"));
}

TEST(InheritedListener, ServesAndIsStillWhoseWhoGaveItAway) {
    Server server;
    server.listen();
    server.let_inherit();
    const std::string fd = "fd:" + std::to_string(server.descriptor());
    Daemon daemon({.listeners = listen_on(fd)});
    EXPECT_EQ(daemon.port("local"), server.port());
    EXPECT_TRUE(Client(server.port()).echoes("hello"));
    EXPECT_EQ(daemon.stop(), 0);
    Client late(server.port());
    EXPECT_TRUE(late) << "it waits in the queue for whoever is started next";
    const Daemon next({.listeners = listen_on(fd)});
    EXPECT_TRUE(late.echoes("served by the next"));
}

TEST(InheritedListener, LeavesAPathThatAnotherHasBound) {
    const ScratchFolder folder;
    const std::string path = folder.path() / "theirs.sock";
    Server server(path);
    server.let_inherit();
    Daemon daemon({.listeners = listen_on("fd:" + std::to_string(server.descriptor()))});
    EXPECT_TRUE(Client(path).echoes("hello"));
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_TRUE(fs::exists(path));
}

TEST(InheritedListener, ThatIsNoneIsRefused) {
    const ScratchFolder folder;
    Finished finished = refused({.listeners = listen_on("fd:77")}, folder);
    EXPECT_EQ(finished.code, 1);
    EXPECT_NE(finished.errors.find("listeners.local.listen: there is no descriptor 77 "
                                   "(whoever starts the daemon passes it)\n"),
              std::string::npos)
        << finished.errors;

    Server deaf;
    deaf.let_inherit();
    const std::string number = std::to_string(deaf.descriptor());
    finished = refused({.listeners = listen_on("fd:" + number)}, folder);
    EXPECT_EQ(finished.code, 1);
    EXPECT_NE(finished.errors.find("descriptor " + number + " is no listening stream socket\n"),
              std::string::npos)
        << finished.errors;
}

}  // namespace
}  // namespace protohost::harness
