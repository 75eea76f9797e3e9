// SPDX-License-Identifier: MIT
#include <chrono>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/descriptor.hpp"
#include "daemon/net/executor.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/resolver.hpp"
#include "daemon/net/socket_address.hpp"
#include "daemon/unit/generations.hpp"
#include "daemon/unit/host.hpp"
#include "daemon/unit/unit.hpp"
#include "tests/contract/service_world.hpp"
#include "tests/daemon/plugin/guest_files.hpp"

namespace protohost::contract {
namespace {

/// A unit that opens nothing by itself.
class IdleUnit final : public unit::Unit {
public:
    IdleUnit(const unit::Shared& shared, std::shared_ptr<unit::Binding> binding)
        : Unit(shared, spec(), "listener contract", std::move(binding)) {}

    base::Errors bind() override { return {}; }

private:
    static model::UnitSpec spec() {
        model::UnitSpec spec;
        spec.name = "contract";
        return spec;
    }
    void open() override {}
    void close() override {}
    void describe(unit::UnitSnapshot&) const override {}
};

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

/// The daemon's own: a unit with a loaded plugin, whose context the statements use.
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
        unit_->start();
    }
    ~RealServiceWorld() override {
        unprivileged_.reset();  // who has made the folder removes it
        if (unit_ != nullptr) go();
    }

    Loop loop() override { return Loop({&host_.table(), &binding_->context()}); }
    std::uint16_t open_port() override { return net::SocketAddress::local_of(open_.get()).port(); }
    std::uint16_t closed_port() override {
        return net::SocketAddress::local_of(closed_.get()).port();
    }
    std::string open_path() override { return folder_ / "server"; }
    std::string forbidden_path() override {
        EXPECT_EQ(::chmod(open_path().c_str(), 0), 0);
        unprivileged_.emplace();
        return open_path();
    }
    void turn() override {
        if (loop_.run_ready()) return;
        loop_.run_once(std::chrono::milliseconds(1));
    }
    void settle() override {
        do {
            loop_.run_ready();
        } while (loop_.run_once(std::chrono::milliseconds(10)));
    }
    void go() override {
        bool stopped = false;
        unit_->stop([&] { stopped = true; });
        unit_->abort_connections();
        run_until([&] { return stopped; });
        settle();
        unit_.reset();
        binding_.reset();
    }

private:
    std::shared_ptr<unit::Binding> bind() {
        auto staged = staging_->stage(plugin::testing::put_guest(folder_, "good"));
        auto generation = generations_.load(staged.value()).value();
        const auto* declared = generation->module()->find_factory("here", "").value();
        model::Node options;
        options.kind = model::Node::Kind::mapping;
        return unit::Binding::make(generation, *declared, options, "listener contract").value();
    }

    net::Loop loop_;
    net::Executor executor_{loop_, 2};
    net::Resolver resolver_{loop_};
    unit::Host host_;
    plugin::testing::TemporaryFolder folder_;
    std::unique_ptr<plugin::StagingDirectory> staging_ =
        plugin::StagingDirectory::create(folder_ / "state").value();
    unit::Generations generations_{loop_, host_.table()};
    base::Descriptor open_ = bound_socket();
    base::Descriptor unix_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    base::Descriptor closed_ = bound_socket();  // bound, so that nobody else listens there
    std::shared_ptr<unit::Binding> binding_ = bind();
    std::unique_ptr<IdleUnit> unit_ =
        std::make_unique<IdleUnit>(unit::Shared{loop_, resolver_, executor_}, binding_);
    std::optional<Unprivileged> unprivileged_;
};

const auto real = ::testing::Values(ServiceKind{
    "real", [] { return std::unique_ptr<ServiceWorld>(std::make_unique<RealServiceWorld>()); }});

INSTANTIATE_TEST_SUITE_P(Real, LoopContract, real, name_of<ServiceWorld>);
INSTANTIATE_TEST_SUITE_P(Real, OpeningContract, real, name_of<ServiceWorld>);

}  // namespace
}  // namespace protohost::contract
