// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "daemon/net/tls_session.hpp"
#include "tests/contract/contract_test.hpp"
#include "tests/contract/descriptor_world.hpp"
#include "tests/contract/real_loop.hpp"
#include "tests/daemon/net/tls_authority.hpp"
#include "tests/daemon/net/tls_rig.hpp"

namespace protohost::contract {
namespace {

using net::TlsContext;

/// OpenSSL alone, at the other end.
class TlsLink final : public Link {
public:
    TlsLink(base::Descriptor socket, SSL_CTX* context, RealLoop& loop)
        : socket_(std::move(socket)), ssl_(SSL_new(context), SSL_free), loop_(loop) {
        SSL_set_fd(ssl_.get(), socket_.get());
        SSL_set_connect_state(ssl_.get());
    }
    void serve(net::Transport& transport) { transport_ = &transport; }

    bool handshake() { return SSL_do_handshake(ssl_.get()) == 1; }
    void send(std::string_view text) override {
        ERR_clear_error();
        std::size_t sent = 0;
        while (SSL_write_ex(ssl_.get(), text.data(), text.size(), &sent) != 1) {
            ASSERT_EQ(SSL_get_error(ssl_.get(), 0), SSL_ERROR_WANT_WRITE);
            loop_.turn();
        }
    }
    void end() override { SSL_shutdown(ssl_.get()); }
    void reset() override {
        const linger now{1, 0};
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
        socket_.close();
    }
    std::string receive(std::size_t most) override {
        std::string text;
        std::string room(65536, '\0');
        while (text.size() < most) {
            const std::size_t got = read(room.data(), std::min(most - text.size(), room.size()));
            if (got == 0) break;
            text.append(room, 0, got);
        }
        return text;
    }
    bool ended() override {
        char byte = 0;
        ERR_clear_error();
        if (!ended_) note_end(SSL_peek(ssl_.get(), &byte, 1));
        return ended_;
    }
    void fill(Transport transport) override {
        // More than lies between both ends, so that the last of it waits for ever.
        transport.write(std::string(40000, 'f'));
    }
    void drain() override { transport_->drain(0); }

private:
    std::size_t read(char* room, std::size_t size) {
        ERR_clear_error();
        const int got = SSL_read(ssl_.get(), room, static_cast<int>(size));
        note_end(got);
        return got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    void note_end(int result) {
        if (result > 0) return;
        ended_ = ended_ || SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ;
    }

    base::Descriptor socket_;
    std::shared_ptr<SSL> ssl_;
    RealLoop& loop_;
    net::Transport* transport_ = nullptr;
    bool ended_ = false;
};

/// The daemon's StreamTransport with TLS 1.3 over TCP.
class TlsWorld final : public World {
public:
    TlsWorld() {
        net::testing::Authority authority("authority");
        model::Tls server;
        server.certificates = {folder_.write("server", authority.issue({}))};
        server_ = net::testing::make_context(server, TlsContext::Role::server);
        client_ = net::testing::make_context({}, TlsContext::Role::client);
    }

    Link& connect(std::unique_ptr<BaseProtocol> protocol, const WriteBuffer& limits) override {
        Ends ends = open_tcp();
        auto session = std::make_unique<net::TlsSession>(
            loop_.loop().tls_socket(), ends.ours.get(), net::TlsStart{server_, {}, {}, {}});
        auto link = std::make_unique<TlsLink>(std::move(ends.theirs), client_->handle(), loop_);
        bool theirs = false;
        run_until([&] {
            theirs = theirs || link->handshake();
            return session->handshake() == net::TlsSession::Step::done && theirs;
        });
        const net::TransportSettings settings{.write_buffer = RealLoop::to_model(limits)};
        auto transport = std::make_unique<net::StreamTransport>(loop_.loop(),
                                                                std::move(ends.ours),
                                                                std::move(ends.peer),
                                                                settings,
                                                                loop_.owner(),
                                                                std::shared_ptr<void>());
        transport->secure(std::move(session));
        link->serve(*transport);
        links_.push_back(std::move(link));
        loop_.start(std::move(transport), std::move(protocol));
        return *links_.back();
    }
    void turn() override { loop_.turn(); }
    void settle() override { loop_.settle(); }
    std::vector<std::string> failures() override { return loop_.failures(); }

private:
    net::testing::TlsFolder folder_;
    TlsContext::Pointer server_;
    TlsContext::Pointer client_;
    std::vector<std::unique_ptr<TlsLink>> links_;
    RealLoop loop_;
};

std::unique_ptr<World> tls_world() {
    return std::make_unique<TlsWorld>();
}

const auto kind = ::testing::Values(WorldKind{"tls", tls_world});

INSTANTIATE_TEST_SUITE_P(Tls, LifeContract, kind, name_of<World>);
INSTANTIATE_TEST_SUITE_P(Tls, ReadContract, kind, name_of<World>);
INSTANTIATE_TEST_SUITE_P(Tls, WriteContract, kind, name_of<World>);
INSTANTIATE_TEST_SUITE_P(Tls, StreamContract, kind, name_of<World>);

}  // namespace
}  // namespace protohost::contract
