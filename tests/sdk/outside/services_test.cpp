// SPDX-License-Identifier: MIT
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <protohost/plugin.hpp>
#include <protohost/testing.hpp>

// Every service of the loop, called as an author does: templates show their faults when they are
// used, and to each compiler its own.

using namespace std::chrono_literals;
using protohost::testing::Connection;
using protohost::testing::DatagramEndpoint;
using protohost::testing::Host;
using protohost::testing::Opening;

namespace {

struct Silent final : protohost::Protocol {};
struct SilentDatagrams final : protohost::DatagramProtocol {};

struct Services : testing::Test {
    static std::unique_ptr<Silent> make() { return std::make_unique<Silent>(); }
    static std::unique_ptr<SilentDatagrams> make_datagrams() {
        return std::make_unique<SilentDatagrams>();
    }
    /// For any `done`.
    auto done() {
        return [this](const protohost::Error* exc, auto opened) {
            ++told;
            ok = exc == nullptr && opened;
        };
    }

    Host host;
    protohost::Loop loop = host.get_loop();
    int told = 0;
    bool ok = false;
};

TEST_F(Services, OpenConnections) {
    loop.create_connection(make, "localhost", 80, {}, done());
    EXPECT_EQ(host.opening().address(), "tcp://localhost:80");
    host.opening().accept();
    loop.create_connection(make, "::1", 80, {.timeout = 1s, .local_addr = "[::1]:0"}, done());
    EXPECT_EQ(host.opening().address(), "tcp://[::1]:80");
    EXPECT_EQ(host.opening().local(), "tcp://[::1]:0");
    host.opening().accept();
    loop.create_unix_connection(make, "@name", {.local_addr = "@own"}, done());
    EXPECT_EQ(host.opening().address(), "unix:@name");
    EXPECT_EQ(host.opening().local(), "unix:@own");
    host.opening().accept();
    EXPECT_EQ(told, 3);
    EXPECT_TRUE(ok);
    // Nobody waits for this one, so its failure is told to the log.
    loop.create_unix_connection(make, "/run/nobody.sock");
    host.opening().refuse(ECONNREFUSED);
    EXPECT_TRUE(host.logged("create_unix_connection: Connection refused"));
}

TEST_F(Services, TakeSocketsOver) {
    int socks[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks), 0);
    loop.create_connection(make, protohost::Sock{socks[0]}, done());
    Connection& connection = host.opening().accept();
    EXPECT_EQ(connection.transport().get_extra_info("socket").descriptor(), socks[0]);
    loop.connect_accepted_socket(make, protohost::Sock{socks[1]}, done());
    host.opening().accept();
    EXPECT_EQ(told, 2);
    EXPECT_TRUE(ok);
}

TEST_F(Services, CreateServers) {
    loop.create_server(make, "127.0.0.1", 0, done());
    host.opening().serve().connect();
    loop.create_unix_server(make, "/run/x.sock", done());
    EXPECT_EQ(host.opening().address(), "unix:///run/x.sock");
    host.opening().serve();
    loop.create_server(make, protohost::Sock{socket(AF_INET, SOCK_STREAM, 0)}, done());
    host.opening().serve();
    loop.create_unix_server(make, protohost::Sock{socket(AF_UNIX, SOCK_STREAM, 0)}, done());
    host.opening().serve();
    EXPECT_EQ(told, 4);
    EXPECT_TRUE(ok);
}

TEST_F(Services, CreateDatagramEndpoints) {
    loop.create_datagram_endpoint(
        make_datagrams, {.local_addr = "127.0.0.1:0", .remote_addr = "127.0.0.1:53"}, done());
    EXPECT_EQ(host.opening().local(), "udp://127.0.0.1:0");
    EXPECT_EQ(host.opening().address(), "udp://127.0.0.1:53");
    host.opening().open();
    EXPECT_EQ(told, 1);
    EXPECT_TRUE(ok);
}

TEST_F(Services, ConnectPipes) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    loop.connect_read_pipe(make, ends[0], done());
    host.opening().accept();
    loop.connect_write_pipe(make, ends[1], done());
    Connection& writing = host.opening().accept();
    EXPECT_THROW(writing.feed_data("x"), std::logic_error);
    EXPECT_EQ(told, 2);
    EXPECT_TRUE(ok);
}

TEST_F(Services, SendFiles) {
    std::FILE* const file = std::tmpfile();
    ASSERT_NE(file, nullptr);
    std::fputs("0123456789", file);
    std::fflush(file);
    Connection connection(host, make());
    std::uint64_t total = 0;
    const auto count = [&](const protohost::Error* exc, std::uint64_t sent) {
        EXPECT_EQ(exc, nullptr);
        total += sent;
    };
    loop.sendfile(connection.transport(), fileno(file), 2, 3, count);
    EXPECT_THROW(connection.transport().write("meanwhile"), std::logic_error);
    host.run_ready();
    loop.sendfile(connection.transport(), fileno(file), 7, {}, count);
    host.run_ready();
    EXPECT_EQ(connection.written(), "234789");
    EXPECT_EQ(total, 6u);
    std::fclose(file);
}

TEST_F(Services, DoWorkElsewhere) {
    std::string result;
    loop.run_in_executor([] { return std::string("done"); },
                         [&](std::future<std::string> future) { result = future.get(); });
    host.run_ready();
    EXPECT_EQ(result, "done");
    bool finished = false;
    loop.run_in_executor([] {},
                         [&](std::future<void> future) {
                             future.get();
                             finished = true;
                         });
    host.run_ready();
    EXPECT_TRUE(finished);
}

TEST_F(Services, ScheduleCalls) {
    int called = 0;
    const auto call = [&] { ++called; };
    loop.call_soon(call);
    loop.call_later(10ms, call);
    loop.call_at(loop.time() + 20ms, call);
    EXPECT_TRUE(loop.call_soon_threadsafe(call));
    { const protohost::ScopedHandle cancelled = loop.call_later(1ms, call); }
    host.advance(1s);
    EXPECT_EQ(called, 4);
}

}  // namespace
