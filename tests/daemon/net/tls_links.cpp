// SPDX-License-Identifier: MIT
#include "tests/daemon/net/tls_links.hpp"

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

#include <gtest/gtest.h>
#include <openssl/err.h>

namespace protohost::net::testing {

namespace {

void settle(Rig& rig) {
    if (!rig.loop.run_ready()) rig.loop.run_once(std::chrono::milliseconds(1));
}

}  // namespace

TlsPeer::TlsPeer(Rig& rig, base::Descriptor socket, SSL_CTX* context, Role role)
    : rig_(rig), socket_(std::move(socket)), ssl_(SSL_new(context), SSL_free) {
    ::fcntl(fd(), F_SETFL, O_NONBLOCK);
    const int on = 1;
    ::setsockopt(fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL_set_fd(ssl(), fd());
    SSL_set_mode(ssl(), SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (role == Role::client) {
        SSL_set_connect_state(ssl());
    } else {
        SSL_set_accept_state(ssl());
    }
}

void TlsPeer::ask_for(std::string name) {
    SSL_ctrl(ssl(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
}

bool TlsPeer::handshake_step() {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl());
    if (result == 1) return true;
    const int error = SSL_get_error(ssl(), result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return false;
    const char* const reason = ERR_reason_error_string(ERR_peek_error());
    failure = reason != nullptr ? reason : "broken";
    end = End::failed;
    return true;
}

bool TlsPeer::handshake() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!handshake_step()) {
        settle(rig_);
        EXPECT_LT(std::chrono::steady_clock::now(), deadline) << "no end of the handshake";
        if (::testing::Test::HasFailure()) return false;
    }
    return end == End::none;
}

void TlsPeer::send(std::string_view text) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!text.empty()) {
        ERR_clear_error();
        std::size_t sent = 0;
        if (SSL_write_ex(ssl(), text.data(), text.size(), &sent) == 1) {
            text.remove_prefix(sent);
            continue;
        }
        ASSERT_EQ(SSL_get_error(ssl(), 0), SSL_ERROR_WANT_WRITE);
        settle(rig_);
        ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    }
}

std::string TlsPeer::receive_record() {
    std::string text(SSL3_RT_MAX_PLAIN_LENGTH, '\0');
    std::size_t got = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(ssl(), text.data(), text.size(), &got);
    text.resize(result == 1 ? got : 0);
    if (result == 1) return text;
    const int error = SSL_get_error(ssl(), result);
    if (error == SSL_ERROR_ZERO_RETURN) {
        end = End::notified;
    } else if (error == SSL_ERROR_SSL &&
               ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        end = End::cut_off;
    } else if (error != SSL_ERROR_WANT_READ) {
        end = End::failed;
        const char* const reason = ERR_reason_error_string(ERR_peek_error());
        failure = reason != nullptr ? reason : "broken";
    }
    return text;
}

std::string TlsPeer::receive(std::size_t size) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    std::string all;
    while (all.size() < size && end == End::none) {
        const std::string some = receive_record();
        all += some;
        if (some.empty()) settle(rig_);
        EXPECT_LT(std::chrono::steady_clock::now(), deadline) << "received " << all.size();
        if (std::chrono::steady_clock::now() >= deadline) break;
    }
    return all;
}

void TlsPeer::reset() {
    const linger now{1, 0};
    ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
}

TlsLinks::TlsLinks() {
    server.certificates = {issue("server.test")};
    client.peer.verify = model::TlsPeer::Verify::required;
    client.peer.ca.text = folder_.write("authority.pem", authority_.certificate());
}

model::TlsPair TlsLinks::issue(const std::string& name) {
    Wish wish;
    wish.names = {name, "127.0.0.1"};
    return folder_.write(name, authority_.issue(wish));
}

void TlsLinks::ask_the_client() {
    server.peer.verify = model::TlsPeer::Verify::required;
    server.peer.ca.text = folder_ / "authority.pem";
}

TlsLinks::~TlsLinks() {
    for (Begun& begun : begun_) begun.handshake->stop();
}

const TlsContext::Pointer& TlsLinks::context(TlsContext::Role role) {
    TlsContext::Pointer& made = contexts_[static_cast<std::size_t>(role)];
    if (made == nullptr) {
        made = make_context(role == TlsContext::Role::server ? server : client, role);
    }
    return made;
}

TlsPeer& TlsLinks::add_peer(base::Descriptor socket, TlsContext::Role ours) {
    const bool serves = ours == TlsContext::Role::server;
    peers_.push_back(
        std::make_unique<TlsPeer>(rig,
                                  std::move(socket),
                                  serves ? client_context() : server_context(),
                                  serves ? TlsPeer::Role::client : TlsPeer::Role::server));
    return *peers_.back();
}

TlsPeer& TlsLinks::begin(Recorder& recorder,
                         TlsContext::Role role,
                         const TransportSettings& settings) {
    Pair pair = connected_pair(Medium::tcp);
    TlsHandshakeOwner& owner = *this;
    auto handshake = std::make_unique<TlsHandshake>(
        rig.loop,
        pair.server.get(),
        TlsStart{context(role), {}, server_name_of_session, patience},
        owner);
    handshake->start();
    begun_.push_back(
        {std::move(handshake), std::move(pair.server), pair.peer, &recorder, settings});
    return add_peer(std::move(pair.client), role);
}

TlsPeer& TlsLinks::connect(Recorder& recorder,
                           TlsContext::Role role,
                           const TransportSettings& settings) {
    TlsPeer& peer = begin(recorder, role, settings);
    EXPECT_TRUE(peer.handshake()) << peer.failure;
    rig.run_until([&] { return recorder.transport != nullptr || failure.has_value(); });
    EXPECT_NE(recorder.transport, nullptr) << (failure ? failure->text : "");
    return peer;
}

TlsPeer& TlsLinks::connect_plain(Recorder& recorder, TlsContext::Role role) {
    Pair pair = connected_pair(Medium::tcp);
    rig.serve(std::move(pair.server), pair.peer, Channel::socket, recorder);
    return add_peer(std::move(pair.client), role);
}

TlsLinks::Begun TlsLinks::take(TlsHandshake& handshake) {
    const auto found = std::find_if(begun_.begin(), begun_.end(), [&](const Begun& begun) {
        return begun.handshake.get() == &handshake;
    });
    Begun taken = std::move(*found);
    begun_.erase(found);
    return taken;
}

void TlsLinks::handshaken(TlsHandshake& handshake, std::unique_ptr<TlsSession> session) {
    Begun begun = take(handshake);
    rig.loop.retire(std::move(begun.handshake));
    auto transport = std::make_unique<StreamTransport>(rig.loop,
                                                       std::move(begun.socket),
                                                       begun.peer,
                                                       begun.settings,
                                                       rig.owner(),
                                                       std::shared_ptr<void>());
    StreamTransport& started = *transport;
    started.secure(std::move(session));
    rig.adopt(std::move(transport));
    begun.recorder->transport = &started;
    started.start(begun.recorder->proto());
}

void TlsLinks::handshake_failed(TlsHandshake& handshake, const TlsFailure& why) {
    Begun begun = take(handshake);
    rig.loop.retire(std::move(begun.handshake));
    failure = why;
    discard_received(begun.socket.get());
}

}  // namespace protohost::net::testing
