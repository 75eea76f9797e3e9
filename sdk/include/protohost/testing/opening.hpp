// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <protohost/abi.h>
#include <protohost/detail/testing/open_request.hpp>
#include <protohost/testing/connection.hpp>
#include <protohost/testing/datagram_endpoint.hpp>
#include <protohost/testing/host.hpp>
#include <protohost/testing/process.hpp>
#include <protohost/testing/values.hpp>

namespace protohost::testing {

/// A server that the code under test has opened: create_server, create_unix_server.
class Server {
public:
    /// For Opening::serve().
    explicit Server(std::shared_ptr<detail::testing::FakeServer> server)
        : server_(std::move(server)) {}

    /// A peer connects. The connection lives as long as the host. Throws std::logic_error where the
    /// server is closed, and std::runtime_error with what the protocol factory threw.
    Connection& connect(const ConnectionSettings& settings = {}) {
        if (!is_serving()) throw std::logic_error("the server is closed");
        ph_proto protocol{};
        if (server_->request().make(protocol) < 0) {
            throw std::runtime_error("the protocol factory failed: " +
                                     detail::testing::take_failure());
        }
        return connections_.emplace_back(server_->unit(), protocol, settings);
    }

    /// False once the code under test, or its end, has closed it.
    bool is_serving() const { return server_->is_serving(); }

private:
    std::shared_ptr<detail::testing::FakeServer> server_;
    std::deque<Connection> connections_;
};

/// Something that the code under test has asked the loop to open, and that the test decides about:
/// connections and pipes by accept(), datagram endpoints by open(), servers by serve(), programs by
/// spawn(), and any of them by refuse(). Each calls back before it returns. One that nobody answers
/// times out, as in the daemon; a program does not.
///
///     protohost::testing::Opening opening = host.opening();
///     EXPECT_EQ(opening.address(), "tcp://127.0.0.1:8888");
///     protohost::testing::Connection& upstream = opening.accept();
class Opening {
public:
    /// For Host.
    explicit Opening(std::shared_ptr<detail::testing::OpenRequest> request)
        : request_(std::move(request)) {}

    /// asyncio's name for it: "create_connection", "create_unix_server", "connect_read_pipe", ...
    std::string_view method() const { return request_->method().name; }
    /// As it was given: "tcp://127.0.0.1:8888"; empty where a descriptor was.
    const std::string& address() const { return request_->address(); }
    const std::string& local() const { return request_->local(); }
    /// -1: none. The host's, which closes it, at the end of what is opened with it.
    int descriptor() const { return static_cast<int>(request_->descriptor()); }
    /// 0: the unit's own.
    std::chrono::nanoseconds timeout() const {
        return std::chrono::nanoseconds(static_cast<std::int64_t>(request_->timeout()));
    }
    /// Also once it was cancelled.
    bool is_answered() const { return request_->is_answered(); }

    /// It is connected: the protocol factory is called, connection_made, and then whoever asked.
    /// The connection lives as long as the unit of whoever asked, and can be looked at as long as
    /// the host. The factory's failure is told to whoever asked, and thrown as std::runtime_error.
    Connection& accept(ConnectionSettings settings = {}) {
        if (method() == "connect_read_pipe") settings.channel = Channel::read_pipe;
        if (method() == "connect_write_pipe") settings.channel = Channel::write_pipe;
        return opened<Connection>(PH_STREAM, settings);
    }

    /// The datagram endpoint is open; as accept().
    DatagramEndpoint& open(const DatagramSettings& settings = {}) {
        return opened<DatagramEndpoint>(PH_DATAGRAM, settings);
    }

    /// The program of subprocess_exec or subprocess_shell runs; as accept(). It has the pipes that
    /// were asked for.
    Process& spawn(ProcessSettings settings = {}) {
        if (request_->process) settings.pipes = request_->process->pipes();
        return opened<Process>(PH_SUBPROCESS, settings);
    }
    /// What it was asked to run, and how. Throws std::logic_error where that is no program.
    const std::vector<std::string>& args() const { return process().args; }
    const SubprocessOptions& options() const { return process().options; }

    /// The server listens. It lives as long as the host.
    Server& serve() {
        check("serve()", method() == "create_server" || method() == "create_unix_server");
        auto& core = request_->unit().core;
        const auto fake = std::make_shared<detail::testing::FakeServer>(request_, core.new_ref());
        core.servers.emplace(fake->id(), fake);
        const auto server = std::make_shared<Server>(fake);
        core.kept.push_back(server);
        request_->succeed(std::bit_cast<ph_server*>(fake->id()));
        core.run_ready();
        return *server;
    }

    /// It fails: ECONNREFUSED, ETIMEDOUT, EADDRINUSE, ...
    void refuse(int os_errno) { refuse({PH_E_OS, os_errno, std::strerror(os_errno)}); }
    void refuse(const Loss& reason) {
        check("refuse()", true);
        request_->fail(reason);
        request_->unit().core.run_ready();
    }

private:
    void check(const char* verb, bool fits) const {
        if (is_answered()) throw std::logic_error("the opening is answered, or cancelled");
        if (!fits) {
            throw std::logic_error(std::string(verb) + " does not answer " + std::string(method()));
        }
    }

    template <class T, class Settings>
    T& opened(std::uint32_t kind, const Settings& settings) {
        const auto& asked = request_->method();
        const bool serves = method().ends_with("server");
        const char* const verb = kind == PH_STREAM     ? "accept()"
                                 : kind == PH_DATAGRAM ? "open()"
                                                       : "spawn()";
        check(verb, asked.kind == kind && !serves);
        auto& core = request_->unit().core;
        ph_proto protocol{};
        if (const ph_status status = request_->make(protocol); status < 0) {
            const std::string why = detail::testing::take_failure();
            refuse({status, 0, why});
            throw std::runtime_error("the protocol factory failed: " + why);
        }
        const detail::testing::Asked by{
            [this](ph_transport* transport) { request_->succeed(transport); },
            request_->take_descriptor()};
        const auto made = std::make_shared<T>(request_->unit(), protocol, settings, by);
        core.kept.push_back(made);
        core.run_ready();
        return *made;
    }

    const detail::testing::AskedProcess& process() const {
        if (!request_->process) throw std::logic_error("no program was to be started");
        return *request_->process;
    }

    std::shared_ptr<detail::testing::OpenRequest> request_;
};

inline std::vector<Opening> Host::openings() {
    std::vector<Opening> openings;
    for (const auto& [op, request] : core_.requests) {
        auto opening = std::dynamic_pointer_cast<detail::testing::OpenRequest>(request);
        if (opening != nullptr && !opening->is_answered()) openings.emplace_back(opening);
    }
    return openings;
}

inline Opening Host::opening() {
    const std::vector<Opening> all = openings();
    if (all.empty()) throw std::logic_error("nobody has asked for anything to be opened");
    return all.front();
}

}  // namespace protohost::testing
