// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/json.hpp"
#include "daemon/control/server.hpp"
#include "daemon/net/loop.hpp"
#include "tests/daemon/plugin/guest_files.hpp"

namespace protohost::control::testing {

using base::Json;

/// A connection to a control socket that never blocks.
class Peer {
public:
    explicit Peer(const std::string& path)
        : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        const auto* const to = reinterpret_cast<const sockaddr*>(&address);
        connected_ = ::connect(socket_.get(), to, sizeof address) == 0;
    }

    bool connected() const { return connected_; }
    void send(std::string_view text) const {
        EXPECT_EQ(::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }
    void ask(const std::string& verb, const std::string& arguments = "{}") const {
        send(R"({"version": 1, "verb": ")" + verb + R"(", "arguments": )" + arguments + "}\n");
    }
    void shut_down_writing() const { ::shutdown(socket_.get(), SHUT_WR); }
    void close() { socket_.close(); }

    /// Whether a whole line is here; takes what has come.
    bool has_line() {
        take();
        return received_.find('\n') != std::string::npos;
    }
    /// The next one.
    Json line() {
        const auto end = received_.find('\n');
        const Json parsed = Json::parse(received_.substr(0, end), nullptr, false);
        received_.erase(0, end + 1);
        return parsed;
    }
    /// Whether the other end is closed, and everything was taken.
    bool ended() {
        take();
        return ended_;
    }
    std::size_t received() const { return received_.size(); }

private:
    void take() {
        char block[65536];
        for (;;) {
            const ssize_t size = ::recv(socket_.get(), block, sizeof block, 0);
            if (size <= 0) {
                ended_ = ended_ || size == 0 || (errno != EAGAIN && errno != EINTR);
                return;
            }
            received_.append(block, static_cast<std::size_t>(size));
        }
    }

    base::Descriptor socket_;
    bool connected_ = false;
    bool ended_ = false;
    std::string received_;
};

/// A control socket whose requests the test answers.
class Rig : public ::testing::Test {
protected:
    Rig() { EXPECT_TRUE(open().empty()); }
    ~Rig() override {
        bool closed = false;
        server_.close([&] { closed = true; });
        run_until([&] { return closed; });
        run_ready();
    }

    base::Errors open(const model::ControlSettings& settings = {}) {
        base::Errors errors;
        auto permissions = Permissions::look_up(settings, errors);
        EXPECT_TRUE(errors.empty());
        return server_.open(path_, std::move(permissions), "control.socket");
    }
    void run_until(const std::function<bool()>& done) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (!done()) {
            loop_.run_once(std::chrono::milliseconds(1));
            ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "it never happens";
        }
    }
    void run_ready() { loop_.run_ready(); }
    Json answer_to(Peer& peer) {
        run_until([&] { return peer.has_line(); });
        return peer.line();
    }

    const plugin::testing::TemporaryFolder folder_;
    const std::string path_ = folder_ / "control.sock";
    net::Loop loop_;
    std::vector<Call> calls_;
    Server server_{loop_, [this](Call call) { calls_.push_back(std::move(call)); }};
};

}  // namespace protohost::control::testing
