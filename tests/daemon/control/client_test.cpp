// SPDX-License-Identifier: MIT
#include "daemon/control/client.hpp"

#include <chrono>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>

#include <gtest/gtest.h>

#include "tests/daemon/plugin/guest_files.hpp"

namespace protohost::control {
namespace {

using base::Json;
using Failure = Client::Failure;

/// Says one thing to whoever asks, or nothing at all.
class Daemon {
public:
    Daemon() : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path_.copy(address.sun_path, sizeof address.sun_path - 1);
        const auto* const at = reinterpret_cast<const sockaddr*>(&address);
        EXPECT_EQ(::bind(socket_.get(), at, sizeof address), 0);
        EXPECT_EQ(::listen(socket_.get(), 4), 0);
    }
    ~Daemon() {
        if (thread_.joinable()) thread_.join();
    }

    void says(const std::string& text) {
        thread_ = std::thread([this, text] {
            const base::Descriptor client(::accept(socket_.get(), nullptr, nullptr));
            char block[1024];
            static_cast<void>(::recv(client.get(), block, sizeof block, 0));
            static_cast<void>(::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL));
        });
    }

    const std::string& path() const { return path_; }

private:
    const plugin::testing::TemporaryFolder folder_;
    const std::string path_ = folder_ / "control.sock";
    base::Descriptor socket_;
    std::thread thread_;
};

Failure ask(const std::string& path, Json& result, Json& error) {
    Client client(path, std::chrono::milliseconds(200));
    const Failure failure = client.ask("status", Json::object(), result);
    error = client.error();
    return failure;
}

TEST(ControlClient, GetsTheResult) {
    Daemon daemon;
    daemon.says("{\"version\": 1, \"result\": {\"fine\": true}}\n");
    Json result;
    Json error;
    EXPECT_EQ(ask(daemon.path(), result, error), Failure::none);
    EXPECT_EQ(result["fine"], true);
}

TEST(ControlClient, GetsTheError) {
    Daemon daemon;
    daemon.says("{\"version\": 1, \"error\": {\"code\": \"denied\", \"message\": \"no\"}}\n");
    Json result;
    Json error;
    EXPECT_EQ(ask(daemon.path(), result, error), Failure::refused);
    EXPECT_EQ(error["code"], "denied");
}

TEST(ControlClient, KnowsWhereNobodyIs) {
    Json result;
    Json error;
    EXPECT_EQ(ask("/nonexistent/control.sock", result, error), Failure::unreachable);
    EXPECT_EQ(ask(std::string(200, 'x'), result, error), Failure::unreachable);
    EXPECT_NE(error["message"].dump().find("too long"), std::string::npos);
}

TEST(ControlClient, WaitsNoLongerThanItsPatience) {
    const Daemon silent;
    Json result;
    Json error;
    EXPECT_EQ(ask(silent.path(), result, error), Failure::timeout);
}

TEST(ControlClient, TakesNoNonsenseAndNoEndForAnAnswer) {
    for (const std::string text : {"", "{\"version\": 1, \"resu", "what?\n", "[]\n", "{}\n"}) {
        Daemon daemon;
        daemon.says(text);
        Json result;
        Json error;
        EXPECT_EQ(ask(daemon.path(), result, error), Failure::broken) << text;
    }
}

}  // namespace
}  // namespace protohost::control
