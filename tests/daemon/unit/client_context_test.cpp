// SPDX-License-Identifier: MIT
// Clients of plugins whose unit has no context for them: it is made beside the loop. The rig's
// executor has one thread, so that it is made when the test wants it.
#include <future>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "tests/daemon/unit/unit_tls.hpp"

#include <protohost/services.hpp>
#include <protohost/tls.hpp>

namespace protohost::unit::testing {
namespace {

/// The listener's plugin connects to a server of the endpoint's, which speaks no TLS and reads what
/// comes.
class WithoutContext : public UnitTls {
protected:
    WithoutContext() {
        serve();
        connect_to_it();
        protohost::Server opened;
        client->loop().create_server([this] { return std::make_unique<ToldStream>(accepted); },
                                     "127.0.0.1",
                                     0,
                                     ServerOptions{},
                                     [&](auto*, protohost::Server made) { opened = made; });
        rig.run_until([&] {
            return opened.is_serving() && server->story.count("made") == 1 &&
                   client->story.count("made") == 1;
        });
        const std::string at = opened.sockets().at(0).text();
        port_ = static_cast<std::uint16_t>(std::stoi(at.substr(at.rfind(':') + 1)));
        client->loop().run_in_executor([this] { go_on_.get_future().wait(); },
                                       [](std::future<void>) {});
    }
    ~WithoutContext() override {
        if (!has_gone_on_) go_on();
    }
    Handle open(const ConnectionOptions& options) {
        return server->loop().create_connection(
            [this] { return std::make_unique<ToldStream>(connected); },
            "127.0.0.1",
            port_,
            options,
            connection.done());
    }
    void open_plain() {
        open({});
        rig.run_until([&] { return accepted.count("made") == 1 && connection.times == 1; });
    }
    Handle start_tls() {
        return server->loop().start_tls(
            connected.streams.at(0), {.server_hostname = "server.test"}, client_side.done());
    }
    /// Another connection of the two units.
    void expect_that_the_loop_goes_on() {
        server->story.streams.at(0).write("hello");
        rig.run_until([&] { return client->story.received == "hello"; });
    }
    /// It has been made then, for this comes behind it.
    void go_on() {
        go_on_.set_value();
        client->loop().run_in_executor([] {}, [this](std::future<void>) { has_gone_on_ = true; });
        rig.run_until([&] { return has_gone_on_; });
    }
    bool a_client_hello_has_come() const { return accepted.received.starts_with("\x16\x03"); }

    std::promise<void> go_on_;
    bool has_gone_on_ = false;
    std::uint16_t port_ = 0;
};

TEST_F(WithoutContext, AConnectionWaitsForItAndTheLoopDoesNot) {
    open({.ssl = true, .server_hostname = "server.test"});
    rig.run_until([&] { return accepted.count("made") == 1; });
    expect_that_the_loop_goes_on();
    EXPECT_EQ(accepted.received, "");
    go_on();
    rig.run_until([&] { return a_client_hello_has_come(); });
    accepted.streams.at(0).write("no TLS is this");
    rig.run_until([&] { return connection.times == 1; });
    EXPECT_EQ(connection.status, PH_E_TLS) << connection.text;
}

TEST_F(WithoutContext, TheSecondWaitsForTheSame) {
    open({.ssl = true, .server_hostname = "server.test"});
    open({.ssl = true, .server_hostname = "server.test"});
    rig.run_until([&] { return accepted.count("made") == 2; });
    go_on();
    rig.run_until([&] { return accepted.count("data") == 2; });
    open({.ssl = true, .server_hostname = "server.test"});
    rig.run_until([&] { return accepted.count("data") == 3; });
}

TEST_F(WithoutContext, NothingGoesOutInTheClearMeanwhile) {
    open_plain();
    start_tls();
    connected.streams.at(0).write("secret");
    accepted.streams.at(0).write("injected");
    expect_that_the_loop_goes_on();
    EXPECT_EQ(accepted.received, "");
    EXPECT_EQ(connected.received, "");
    go_on();
    rig.run_until([&] { return client_side.times == 1; });
    EXPECT_EQ(client_side.status, PH_E_TLS) << "what was injected is no TLS";
    rig.run_until([&] { return accepted.count("lost") == 1; });
    EXPECT_TRUE(a_client_hello_has_come());
    EXPECT_EQ(accepted.received.find("secret"), std::string::npos);
    EXPECT_EQ(connected.received, "");
}

TEST_F(WithoutContext, CancelledMeanwhileAConnectionIsNone) {
    Handle handle = open({.ssl = true, .server_hostname = "server.test"});
    rig.run_until([&] { return accepted.count("made") == 1; });
    rig.run_ready();
    handle.cancel();
    rig.run_until([&] { return connection.times == 1 && accepted.count("lost") == 1; });
    EXPECT_EQ(connection.status, PH_E_CANCELLED);
    go_on();
    rig.run_ready();
    EXPECT_EQ(connection.times, 1u);
    EXPECT_EQ(accepted.received, "");
}

TEST_F(WithoutContext, CancelledMeanwhileAStartEndsTheConnection) {
    open_plain();
    Handle handle = start_tls();
    handle.cancel();
    rig.run_until([&] { return client_side.times == 1 && connected.count("gone") == 1; });
    EXPECT_EQ(client_side.status, PH_E_CANCELLED);
    go_on();
    rig.run_ready();
    EXPECT_EQ(client_side.times, 1u);
}

TEST_F(WithoutContext, ClosedMeanwhileAStartFails) {
    open_plain();
    start_tls();
    connected.streams.at(0).close();
    rig.run_until([&] { return client_side.times == 1 && connected.count("gone") == 1; });
    EXPECT_EQ(client_side.status, PH_E_CLOSED);
    go_on();
    rig.run_ready();
    EXPECT_EQ(client_side.times, 1u);
}

TEST_F(WithoutContext, TheUnitMayEndWhileAConnectionWaits) {
    open({.ssl = true, .server_hostname = "server.test"});
    rig.run_until([&] { return accepted.count("made") == 1; });
    rig.end(*server);
    EXPECT_EQ(connection.status, PH_E_CANCELLED);
    EXPECT_EQ(connection.times, 1u);
    go_on();
    rig.run_ready();
}

TEST_F(WithoutContext, TheUnitMayEndWhileAStartWaits) {
    open_plain();
    start_tls();
    rig.end(*server);
    EXPECT_EQ(client_side.times, 1u);
    EXPECT_NE(client_side.status, PH_OK);
    go_on();
    rig.run_ready();
}

}  // namespace
}  // namespace protohost::unit::testing
