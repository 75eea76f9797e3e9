// SPDX-License-Identifier: MIT
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/descriptor.hpp"
#include "daemon/net/socket_address.hpp"
#include "tests/contract/real_unit.hpp"
#include "tests/contract/service_world.hpp"

namespace protohost::contract {
namespace {

base::Descriptor bound_socket() {
    base::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return socket;
}

/// While it lives, this thread asks for files as a user who has no privileges. Another user than
/// root never has them, and stays who it is.
class Unprivileged {
public:
    Unprivileged() { ::setfsuid(nobody); }
    ~Unprivileged() { ::setfsuid(::geteuid()); }
    Unprivileged(const Unprivileged&) = delete;
    Unprivileged& operator=(const Unprivileged&) = delete;

private:
    static constexpr uid_t nobody = 65534;
};

class RealServiceWorld final : public ServiceWorld {
public:
    RealServiceWorld() {
        EXPECT_EQ(::listen(open_.get(), 16), 0);
        const auto path =
            net::SocketAddress::of_unix(
                {.kind = model::Address::Kind::unix_path, .host = {}, .path = open_path()})
                .value();
        EXPECT_EQ(::bind(unix_.get(), path.data(), path.size()), 0);
        EXPECT_EQ(::listen(unix_.get(), 16), 0);
    }

    Loop loop() override { return unit_.loop(); }
    std::uint16_t open_port() override { return net::SocketAddress::local_of(open_.get()).port(); }
    std::uint16_t closed_port() override {
        return net::SocketAddress::local_of(closed_.get()).port();
    }
    std::string open_path() override { return unit_.folder() / "server"; }
    std::string forbidden_path() override {
        EXPECT_EQ(::chmod(open_path().c_str(), 0), 0);
        unprivileged_.emplace();
        return open_path();
    }
    void turn() override { unit_.turn(); }
    void settle() override { unit_.settle(); }
    void go() override { unit_.go(); }

private:
    RealUnit unit_;
    base::Descriptor open_ = bound_socket();
    base::Descriptor unix_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    base::Descriptor closed_ = bound_socket();  // bound, so that nobody else listens there
    std::optional<Unprivileged> unprivileged_;  // last: who has made the folder removes it
};

const auto real = ::testing::Values(ServiceKind{
    "real", [] { return std::unique_ptr<ServiceWorld>(std::make_unique<RealServiceWorld>()); }});

INSTANTIATE_TEST_SUITE_P(Real, LoopContract, real, name_of<ServiceWorld>);
INSTANTIATE_TEST_SUITE_P(Real, OpeningContract, real, name_of<ServiceWorld>);

}  // namespace
}  // namespace protohost::contract
