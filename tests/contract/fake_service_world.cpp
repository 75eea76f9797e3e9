// SPDX-License-Identifier: MIT
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "tests/contract/service_world.hpp"

#include <protohost/plugin.hpp>
#include <protohost/testing.hpp>

namespace protohost::contract {
namespace {

using protohost::testing::Host;
using protohost::testing::Listener;
using protohost::testing::Opening;

/// Keeps the loop that its unit is given.
class LoopKeeper {
public:
    std::unique_ptr<Protocol> operator()() { return std::make_unique<Protocol>(); }
    void started(Loop loop) { kept = loop; }

    static inline std::optional<Loop> kept;
};

class FakeServiceWorld final : public ServiceWorld {
public:
    Loop loop() override { return *LoopKeeper::kept; }
    std::uint16_t open_port() override { return 1000; }
    std::uint16_t closed_port() override { return 1001; }
    std::string open_path() override { return "/server"; }
    std::string forbidden_path() override { return "/forbidden"; }
    void turn() override {
        host_.run_ready();
        for (Opening& opening : host_.openings()) answer(opening);
        host_.advance(std::chrono::milliseconds(1));
    }
    void settle() override { host_.run_ready(); }
    void go() override { unit_.reset(); }

private:
    void answer(Opening& opening) {
        const std::string_view method = opening.method();
        if (opening.address() == "tcp://127.0.0.1:1001") {
            opening.refuse(ECONNREFUSED);
        } else if (method == "create_server" && opening.address() == "tcp://127.0.0.1:1000") {
            opening.refuse(EADDRINUSE);
        } else if (method == "create_unix_server" && opening.address() == "unix:///server") {
            opening.refuse(EADDRINUSE);
        } else if (opening.address() == "unix:///forbidden" ||
                   opening.address() == "udp://255.255.255.255:9") {
            opening.refuse(EACCES);
        } else if (opening.local().starts_with("udp://192.0.2.1:")) {
            opening.refuse(EADDRNOTAVAIL);
        } else if (method == "create_datagram_endpoint") {
            opening.open();
        } else if (method.ends_with("server")) {
            opening.serve();
        } else {
            try {
                opening.accept();
            } catch (const std::runtime_error&) {  // the factory's, which was told to who asked
            }
        }
    }

    Host host_;
    std::unique_ptr<Listener> unit_ = std::make_unique<Listener>(
        host_, protohost::factory<LoopKeeper>("keeper", "keeps its loop"));
};

const auto fake = ::testing::Values(ServiceKind{
    "fake", [] { return std::unique_ptr<ServiceWorld>(std::make_unique<FakeServiceWorld>()); }});

INSTANTIATE_TEST_SUITE_P(Fake, LoopContract, fake, name_of<ServiceWorld>);
INSTANTIATE_TEST_SUITE_P(Fake, OpeningContract, fake, name_of<ServiceWorld>);

}  // namespace
}  // namespace protohost::contract
