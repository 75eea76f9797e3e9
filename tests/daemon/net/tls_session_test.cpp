// SPDX-License-Identifier: MIT
#include "daemon/net/tls_session.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <thread>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "daemon/base/descriptor.hpp"
#include "tests/daemon/net/tls_authority.hpp"
#include "tests/daemon/net/tls_rig.hpp"

namespace protohost::net::testing {
namespace {

using Step = TlsSession::Step;

/// A session of ours, and a client that OpenSSL is, over two sockets that are moved by hand.
struct TlsSessionTest : ::testing::Test {
    Authority authority{"Root"};
    TlsFolder folder;
    TlsSocket sockets;
    base::Descriptor ours;
    base::Descriptor theirs;
    std::unique_ptr<TlsSession> server;
    std::shared_ptr<SSL_CTX> stranger{SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
    std::shared_ptr<SSL> client;

    TlsSessionTest() {
        std::array<int, 2> pair{};
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()) != 0) {
            ADD_FAILURE() << "socketpair";
        }
        ours = base::Descriptor(pair[0]);
        theirs = base::Descriptor(pair[1]);
        model::Tls tls;
        tls.certificates.push_back(folder.write("c", authority.issue({})));
        server = std::make_unique<TlsSession>(
            sockets, ours.get(), TlsStart{make_context(tls, TlsContext::Role::server)});
        client.reset(SSL_new(stranger.get()), SSL_free);
        SSL_set_fd(client.get(), theirs.get());
        SSL_set_connect_state(client.get());
    }

    /// Ours takes nothing until theirs is drained.
    void fill() {
        const std::array<char, 4096> junk{};
        while (::send(ours.get(), junk.data(), junk.size(), 0) > 0) continue;
        while (::send(ours.get(), junk.data(), 1, 0) > 0) continue;
    }
    void drain() {
        std::array<char, 4096> junk{};
        while (::recv(theirs.get(), junk.data(), junk.size(), 0) > 0) continue;
    }
    /// What has arrived, and was not read.
    std::size_t arrived() {
        int size = 0;
        ::ioctl(ours.get(), FIONREAD, &size);
        return static_cast<std::size_t>(size);
    }
    /// The client is ready, and the server is but for its last step.
    void agree_but_for_the_tickets() {
        EXPECT_LT(SSL_do_handshake(client.get()), 1);
        EXPECT_EQ(server->handshake(), Step::wants_read);
        EXPECT_EQ(SSL_do_handshake(client.get()), 1);
    }
    void reads_one_byte() {
        std::array<std::byte, 16> room{};
        std::size_t size = 0;
        EXPECT_EQ(server->read(room, size), TlsSession::Result::bytes);
        EXPECT_EQ(size, 1U);
    }
    void say(std::string_view bytes) {
        EXPECT_EQ(::send(theirs.get(), bytes.data(), bytes.size(), 0), std::ssize(bytes));
    }
};

TEST_F(TlsSessionTest, AFlightThatFindsNoRoomGoesOnLater) {
    EXPECT_LT(SSL_do_handshake(client.get()), 1);
    fill();
    EXPECT_EQ(server->handshake(), Step::wants_write);
    EXPECT_EQ(server->handshake(), Step::wants_write);
    drain();
    EXPECT_EQ(server->handshake(), Step::wants_read);
    EXPECT_EQ(SSL_do_handshake(client.get()), 1);
    // The same with the tickets, which come behind the handshake.
    fill();
    EXPECT_EQ(server->handshake(), Step::wants_write);
    drain();
    EXPECT_EQ(server->handshake(), Step::done);
    char byte = 0;
    EXPECT_LT(SSL_read(client.get(), &byte, 1), 1);
    EXPECT_EQ(SSL_SESSION_has_ticket(SSL_get0_session(client.get())), 1);
}

TEST_F(TlsSessionTest, APeerThatTakesEverythingAtOnceDoesNotGetItInOneCall) {
    agree_but_for_the_tickets();
    EXPECT_EQ(server->handshake(), Step::done);
    std::jthread reader([&](const std::stop_token& stop) {
        std::string drained(1 << 20, '\0');
        while (!stop.stop_requested()) ::recv(theirs.get(), drained.data(), drained.size(), 0);
    });
    std::string data(std::size_t{64} << 20, 'x');
    std::size_t sent = 0;
    std::size_t most = 0;
    while (sent < data.size()) {
        const iovec rest{data.data() + sent, data.size() - sent};
        std::size_t taken = 0;
        ASSERT_NE(server->write({&rest, 1}, taken), TlsSession::Result::failed);
        sent += taken;
        most = std::max(most, taken);
        pollfd room{ours.get(), POLLOUT, 0};
        ASSERT_EQ(::poll(&room, 1, 10'000), 1);
    }
    EXPECT_LE(most, std::size_t{1} << 20);
}

TEST_F(TlsSessionTest, APeerThatSaysALotButNoDataDoesNotSayItInOneCall) {
    agree_but_for_the_tickets();
    EXPECT_EQ(server->handshake(), Step::done);
    SSL_set0_wbio(client.get(), BIO_new(BIO_s_mem()));
    for (int i = 0; i < 5000; ++i) {
        ASSERT_EQ(SSL_key_update(client.get(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        ASSERT_EQ(SSL_do_handshake(client.get()), 1);
    }
    EXPECT_EQ(SSL_write(client.get(), "x", 1), 1);
    char* bytes = nullptr;
    const long all = BIO_ctrl(SSL_get_wbio(client.get()), BIO_CTRL_INFO, 0, &bytes);
    say({bytes, static_cast<std::size_t>(all)});
    std::array<std::byte, 65536> room{};
    std::size_t size = 0;
    EXPECT_EQ(server->read(room, size), TlsSession::Result::would_block);
    EXPECT_GT(arrived(), 0U);
    int calls = 1;
    while (server->read(room, size) == TlsSession::Result::would_block && calls < 10) ++calls;
    EXPECT_EQ(size, 1U);
}

TEST_F(TlsSessionTest, AServerThatOnlyAsksForHandshakesDoesNotKeepOneStepBusy) {
    // What is read over in each handshake, however often it comes.
    std::string requests("\x16\x03\x03\x40\x00", 5);
    requests.resize(5 + 0x4000, '\0');
    TlsSession ask(sockets, ours.get(), TlsStart{make_context({}, TlsContext::Role::client)});
    EXPECT_EQ(ask.handshake(), Step::wants_read);
    for (int i = 0; i < 8; ++i) say(requests);
    EXPECT_EQ(ask.handshake(), Step::wants_read);
    EXPECT_GT(arrived(), 0U);
}

TEST_F(TlsSessionTest, AClientThatLeavesBeforeItsTicketsHasSaidAllTheSame) {
    agree_but_for_the_tickets();
    EXPECT_EQ(SSL_write(client.get(), "x", 1), 1);
    theirs.close();
    EXPECT_EQ(server->handshake(), Step::done);
    reads_one_byte();
}

TEST_F(TlsSessionTest, SoHasOneThatLeavesWhileTheyWaitForRoom) {
    agree_but_for_the_tickets();
    EXPECT_EQ(SSL_write(client.get(), "x", 1), 1);
    fill();
    EXPECT_EQ(server->handshake(), Step::wants_write);
    theirs.close();
    EXPECT_EQ(server->handshake(), Step::done);
    reads_one_byte();
}

TEST_F(TlsSessionTest, WhoIsGoneWhileTheFlightWaitsForRoomHasNoHandshake) {
    EXPECT_LT(SSL_do_handshake(client.get()), 1);
    fill();
    EXPECT_EQ(server->handshake(), Step::wants_write);
    theirs.close();
    EXPECT_EQ(server->handshake(), Step::failed);
    EXPECT_EQ(server->failure().reason, TlsReason::reset);
}

TEST_F(TlsSessionTest, WhoIsGoneBeforeTheFlightHasNoHandshake) {
    EXPECT_LT(SSL_do_handshake(client.get()), 1);
    theirs.close();
    EXPECT_EQ(server->handshake(), Step::failed);
    EXPECT_EQ(server->failure().reason, TlsReason::reset);
    EXPECT_EQ(server->failure().os_errno, EPIPE);
}

}  // namespace
}  // namespace protohost::net::testing
