// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/base/log.hpp"
#include "daemon/control/permissions.hpp"
#include "daemon/control/session.hpp"
#include "daemon/net/acceptor.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/transport.hpp"

namespace protohost::control {

/// The control socket: accepts whoever may say something, and gives each request to the handler.
/// All [loop].
class Server final : private net::AcceptorOwner, private net::TransportOwner {
public:
    /// Of root and the daemon's own user; more wait in the kernel's queue.
    static constexpr std::size_t most_of_own = 32;
    /// Of everybody else, beside those; one more is told so, and closed.
    static constexpr std::size_t most_of_others = 32;

    Server(net::Loop& loop, Session::Handler handler);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Opens the socket, in a folder that is made if need be. `where` is put before the errors. A
    /// path that another daemon serves is an error; what a dead one left is replaced.
    base::Errors open(const std::string& path, Permissions permissions, const std::string& where);

    /// Other accounts, from the next connection on. Where somebody has removed the socket's file,
    /// it is made again.
    void set_permissions(Permissions permissions);

    /// Ends accepting, and drops the sessions. `closed` is called once, when the last is gone: from
    /// inside where there is none.
    void close(std::function<void()> closed);

private:
    void open_again(Permissions permissions);
    void accepted(base::Descriptor socket, const net::SocketAddress& peer) override;
    void accepting_suspended(int os_errno) override;
    void accepting_resumed(unsigned) override {}
    void callback_failed(net::Transport&,
                         std::string_view callback,
                         std::string_view text) override;
    void limit_reached(net::Transport&, std::size_t, net::WriteLimit) override {}
    void timed_out(net::Transport&, std::string_view) override {}
    void ended(net::Transport& transport) override;

    /// The one of the two that it is counted in.
    std::size_t& count_of(const net::Transport& transport);
    static void turn_away(int socket);

    net::Loop& loop_;
    Session::Handler handler_;
    Permissions permissions_;
    std::string path_;
    std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
    net::Transports sessions_;
    std::size_t of_own_ = 0;     ///< sessions of root and the daemon's own user
    std::size_t of_others_ = 0;  ///< and those of others
    std::function<void()> closed_;
    const base::Log log_{"control"};
};

}  // namespace protohost::control
