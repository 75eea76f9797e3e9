// SPDX-License-Identifier: MIT
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <grp.h>
#include <memory>
#include <netinet/tcp.h>
#include <string>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/net/acceptor.hpp"
#include "tests/daemon/net/rig.hpp"
#include "tests/daemon/net/scratch_folder.hpp"

namespace protohost::net::testing {
namespace {

using Kind = model::Address::Kind;

class Keeper final : public AcceptorOwner {
public:
    void accepted(base::Descriptor socket, const SocketAddress& peer) override {
        sockets.push_back(std::move(socket));
        peers.push_back(peer.text());
        if (on_accept) on_accept();
    }
    void accepting_suspended(int) override { ++suspensions; }
    void accepting_resumed(unsigned) override {}

    std::vector<base::Descriptor> sockets;
    std::vector<std::string> peers;
    std::function<void()> on_accept;
    int suspensions = 0;
};

model::Address at(Kind kind, std::string path) {
    model::Address address;
    address.kind = kind;
    address.path = std::move(path);
    return address;
}

model::Address descriptor(int fd) {
    model::Address address;
    address.kind = Kind::descriptor;
    address.descriptor = fd;
    return address;
}

/// The one acceptor, or nullptr and the error as it would be printed.
std::unique_ptr<Acceptor> listen_at(Rig& rig,
                                    const model::Address& address,
                                    std::string* error = nullptr,
                                    const model::SocketSettings& settings = {}) {
    auto bound = Acceptor::bind(rig.loop, address, settings, "here");
    if (bound) return std::move(bound->front());
    if (error != nullptr) *error = base::to_string(bound.error().front());
    return nullptr;
}

/// Connected, or none and errno says why.
base::Descriptor connect_to(const SocketAddress& address) {
    base::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(socket.get(), address.data(), address.size()) != 0) return {};
    return socket;
}

SocketAddress path_address(const std::string& path) {
    return *SocketAddress::of_unix(at(Kind::unix_path, path));
}

/// A socket of somebody else, bound to `path`; listening where it is a stream.
base::Descriptor foreign_server(const std::string& path, int type = SOCK_STREAM) {
    base::Descriptor socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    const SocketAddress address = path_address(path);
    EXPECT_EQ(::bind(socket.get(), address.data(), address.size()), 0);
    EXPECT_TRUE(type == SOCK_DGRAM || ::listen(socket.get(), 1) == 0);
    return socket;
}

TEST(UnixAcceptor, ServesAPathAndTakesItAwayWithItself) {
    const ScratchFolder folder;
    Rig rig;
    Keeper keeper;
    auto acceptor = listen_at(rig, at(Kind::unix_path, folder / "x.sock"));
    ASSERT_NE(acceptor, nullptr);
    EXPECT_EQ(acceptor->local().uri(), "unix://" + (folder / "x.sock"));
    EXPECT_EQ(folder.names(), "x.sock x.sock.lock");
    acceptor->start(keeper);
    const auto client = connect_to(acceptor->local());
    ASSERT_TRUE(client);
    rig.run_until([&] { return keeper.sockets.size() == 1; });
    EXPECT_EQ(keeper.peers[0], "");
    EXPECT_EQ(SocketAddress::local_of(keeper.sockets[0].get()).text(), folder / "x.sock");
    acceptor->stop();
    EXPECT_EQ(folder.names(), "");
}

TEST(UnixAcceptor, ServesAnAbstractNameWithoutAnyFile) {
    Rig rig;
    Keeper keeper;
    const std::string name = "protohost-acceptor-" + std::to_string(::getpid());
    const auto acceptor = listen_at(rig, at(Kind::unix_abstract, name));
    ASSERT_NE(acceptor, nullptr);
    EXPECT_EQ(acceptor->local().uri(), "unix:@" + name);
    acceptor->start(keeper);
    const auto client = connect_to(acceptor->local());
    rig.run_until([&] { return keeper.sockets.size() == 1; });
    std::string error;
    EXPECT_EQ(listen_at(rig, at(Kind::unix_abstract, name), &error), nullptr);
    EXPECT_EQ(error, "here: cannot listen on unix:@" + name + ": Address already in use");
}

TEST(UnixAcceptor, ReplacesWhatADeadServerLeftBehind) {
    const ScratchFolder folder;
    foreign_server(folder / "x.sock").close();
    std::ofstream(folder / "x.sock.lock") << "and its lock file, which nobody holds";
    Rig rig;
    auto acceptor = listen_at(rig, at(Kind::unix_path, folder / "x.sock"));
    ASSERT_NE(acceptor, nullptr);
    EXPECT_TRUE(connect_to(acceptor->local()));
    acceptor->stop();
    EXPECT_EQ(folder.names(), "");
}

TEST(UnixAcceptor, NeverTakesAPathFromALiveServer) {
    const ScratchFolder folder;
    Rig rig;
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
        const std::string path = folder / (type == SOCK_STREAM ? "stream" : "datagram");
        const auto foreign = foreign_server(path, type);
        std::string error;
        EXPECT_EQ(listen_at(rig, at(Kind::unix_path, path), &error), nullptr);
        EXPECT_EQ(error,
                  "here: " + path +
                      " is served by another process (one path has one server; find it with ss "
                      "-xlp)");
        struct stat still {};
        EXPECT_EQ(::stat(path.c_str(), &still), 0);
    }
    EXPECT_EQ(folder.names(), "datagram stream") << "no lock file is left";
}

TEST(UnixAcceptor, ALiveServerWithAFullQueueIsAliveToo) {
    const ScratchFolder folder;
    const auto foreign = foreign_server(folder / "x.sock");
    std::vector<base::Descriptor> waiting;
    for (int i = 0; i < 8; ++i) {
        waiting.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        const SocketAddress address = path_address(folder / "x.sock");
        if (::connect(waiting.back().get(), address.data(), address.size()) != 0) break;
    }
    ASSERT_EQ(errno, EAGAIN) << "the queue has to be full";
    Rig rig;
    EXPECT_EQ(listen_at(rig, at(Kind::unix_path, folder / "x.sock")), nullptr);
}

TEST(UnixAcceptor, OfTwoDaemonsOnOnePathTheSecondIsRefused) {
    const ScratchFolder folder;
    Rig rig;
    const auto first = listen_at(rig, at(Kind::unix_path, folder / "x.sock"));
    std::string error;
    EXPECT_EQ(listen_at(rig, at(Kind::unix_path, folder / "x.sock"), &error), nullptr);
    EXPECT_NE(error.find("which holds " + (folder / "x.sock.lock")), std::string::npos) << error;
    EXPECT_TRUE(connect_to(first->local())) << "the first lives on";
    const auto other = listen_at(rig, at(Kind::unix_path, folder / "y.sock"));
    EXPECT_NE(other, nullptr) << "and another path is free";
}

TEST(UnixAcceptor, NeverRemovesWhatIsNoSocket) {
    const ScratchFolder folder;
    std::ofstream(folder / "file") << "precious";
    ASSERT_EQ(::symlink("/nowhere", (folder / "link").c_str()), 0);
    Rig rig;
    for (const char* const name : {"file", "link"}) {
        std::string error;
        EXPECT_EQ(listen_at(rig, at(Kind::unix_path, folder / name), &error), nullptr);
        EXPECT_EQ(error,
                  "here: " + (folder / name) +
                      " is there already, and is no socket (remove it, or choose another path)");
    }
    EXPECT_EQ(folder.names(), "file link");
}

TEST(UnixAcceptor, LeavesAFileThatIsNoLongerItsOwn) {
    const ScratchFolder folder;
    Rig rig;
    auto acceptor = listen_at(rig, at(Kind::unix_path, folder / "x.sock"));
    ASSERT_EQ(::unlink((folder / "x.sock").c_str()), 0);
    const auto foreign = foreign_server(folder / "x.sock");
    acceptor->stop();
    EXPECT_EQ(folder.names(), "x.sock");
    EXPECT_TRUE(connect_to(path_address(folder / "x.sock")));
}

TEST(UnixAcceptor, SetsModeAndGroupBeforeAnyoneCanConnect) {
    const ScratchFolder folder;
    Rig rig;
    model::SocketSettings settings;
    settings.mode = 0620;
    const ::group* const group = ::getgrgid(::getgid());
    ASSERT_NE(group, nullptr);
    settings.group = group->gr_name;
    const auto acceptor = listen_at(rig, at(Kind::unix_path, folder / "x.sock"), nullptr, settings);
    ASSERT_NE(acceptor, nullptr);
    struct stat made {};
    ASSERT_EQ(::stat((folder / "x.sock").c_str(), &made), 0);
    EXPECT_EQ(made.st_mode & 07777, 0620u);

    settings.owner = "no-such-user";
    std::string error;
    EXPECT_EQ(listen_at(rig, at(Kind::unix_path, folder / "y.sock"), &error, settings), nullptr);
    EXPECT_EQ(error, "here: socket.owner: there is no user no-such-user");
    EXPECT_EQ(folder.names(), "x.sock x.sock.lock") << "nothing is left of the second";
}

TEST(UnixAcceptor, SaysWhyAFolderWillNotDo) {
    Rig rig;
    std::string error;
    EXPECT_EQ(listen_at(rig, at(Kind::unix_path, "/nonexistent/x.sock"), &error), nullptr);
    EXPECT_EQ(error,
              "here: the folder /nonexistent of /nonexistent/x.sock does not exist (make it, or "
              "choose another path)");
}

TEST(DescriptorAcceptor, ServesAListeningSocketAndNeverRemovesItsFile) {
    const ScratchFolder folder;
    const auto inherited = foreign_server(folder / "x.sock");
    Rig rig;
    Keeper keeper;
    auto acceptor = listen_at(rig, descriptor(inherited.get()));
    ASSERT_NE(acceptor, nullptr);
    EXPECT_EQ(acceptor->local().text(), folder / "x.sock");
    acceptor->start(keeper);
    const auto client = connect_to(acceptor->local());
    rig.run_until([&] { return keeper.sockets.size() == 1; });
    acceptor->stop();
    EXPECT_EQ(folder.names(), "x.sock");
    EXPECT_TRUE(connect_to(path_address(folder / "x.sock"))) << "it belongs to who passed it";
}

TEST(DescriptorAcceptor, GivesAnInheritedTcpListenerTheOptionsOfTheUnit) {
    const base::Descriptor inherited(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::listen(inherited.get(), 1), 0);
    Rig rig;
    const auto acceptor = listen_at(rig, descriptor(inherited.get()));
    ASSERT_NE(acceptor, nullptr);
    int nodelay = 0;
    socklen_t size = sizeof nodelay;
    ::getsockopt(inherited.get(), IPPROTO_TCP, TCP_NODELAY, &nodelay, &size);
    EXPECT_EQ(nodelay, 1);
}

TEST(DescriptorAcceptor, RefusesWhatDoesNotListen) {
    Rig rig;
    std::array<int, 2> pair{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
    const base::Descriptor connected(pair[0]);
    const base::Descriptor other(pair[1]);
    const base::Descriptor datagram(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const base::Descriptor file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    for (const auto* const fd : {&connected, &datagram, &file}) {
        std::string error;
        EXPECT_EQ(listen_at(rig, descriptor(fd->get()), &error), nullptr);
        EXPECT_EQ(
            error,
            "here: descriptor " + std::to_string(fd->get()) + " is no listening stream socket");
    }
    std::string error;
    EXPECT_EQ(listen_at(rig, descriptor(1000), &error), nullptr);
    EXPECT_EQ(error, "here: there is no descriptor 1000 (whoever starts the daemon passes it)");
}

TEST(Acceptor, PausedLeavesClientsInTheQueueUntilItResumes) {
    const ScratchFolder folder;
    Rig rig;
    Keeper keeper;
    const auto acceptor = listen_at(rig, at(Kind::unix_path, folder / "x.sock"));
    keeper.on_accept = [&] {
        if (keeper.sockets.size() == 2) acceptor->pause();
    };
    std::vector<base::Descriptor> clients;
    for (int i = 0; i < 4; ++i) clients.push_back(connect_to(acceptor->local()));
    acceptor->start(keeper);
    rig.run_until([&] { return keeper.sockets.size() == 2; });
    EXPECT_TRUE(rig.idle()) << "the limit holds also inside a batch";
    EXPECT_EQ(keeper.sockets.size(), 2u);
    acceptor->pause();
    acceptor->resume();
    acceptor->resume();
    rig.run_until([&] { return keeper.sockets.size() == 4; });
    EXPECT_EQ(keeper.suspensions, 0);
}

TEST(Acceptor, PausedBeforeItStartsAcceptsNobody) {
    const ScratchFolder folder;
    Rig rig;
    Keeper keeper;
    const auto acceptor = listen_at(rig, at(Kind::unix_path, folder / "x.sock"));
    const auto client = connect_to(acceptor->local());
    acceptor->pause();
    acceptor->start(keeper);
    EXPECT_TRUE(rig.idle());
    EXPECT_EQ(keeper.sockets.size(), 0u);
    acceptor->resume();
    rig.run_until([&] { return keeper.sockets.size() == 1; });
}

TEST(Acceptor, ThatIsStoppedDoesNotResume) {
    const ScratchFolder folder;
    Rig rig;
    Keeper keeper;
    const auto acceptor = listen_at(rig, at(Kind::unix_path, folder / "x.sock"));
    acceptor->start(keeper);
    acceptor->pause();
    acceptor->stop();
    acceptor->resume();
    EXPECT_TRUE(rig.idle());
    EXPECT_EQ(keeper.suspensions, 0);
}

}  // namespace
}  // namespace protohost::net::testing
