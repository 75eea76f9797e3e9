// SPDX-License-Identifier: MIT
#include "daemon/control/server.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <sys/socket.h>
#include <sys/stat.h>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/base/log_events.hpp"
#include "daemon/base/log_setup.hpp"
#include "daemon/control/message.hpp"
#include "daemon/net/stream_transport.hpp"

namespace protohost::control {

namespace {

/// A session that says nothing for so long is dropped; `status --watch` asks every second.
constexpr auto patience = std::chrono::minutes(5);
/// Nor does one that may do nothing keep others out.
constexpr auto patience_with_strangers = std::chrono::seconds(5);

/// A whole status of a daemon with all the connections that it can have.
constexpr std::uint64_t longest_answer = std::uint64_t{256} << 20;

model::Address address_of(const std::string& path) {
    model::Address address;
    address.kind = model::Address::Kind::unix_path;
    address.path = path;
    return address;
}

/// The folder alone: where even its parent is missing, nobody has set this machine up for us.
int make_folder_of(const std::string& path) {
    const std::string folder = path.substr(0, path.rfind('/'));
    if (folder.empty()) return 0;
    return ::mkdir(folder.c_str(), 0755) == 0 || errno == EEXIST ? 0 : errno;
}

}  // namespace

Server::Server(net::Loop& loop, Session::Handler handler)
    : loop_(loop), handler_(std::move(handler)) {}

base::Errors Server::open(const std::string& path,
                          Permissions permissions,
                          const std::string& where) {
    if (const int error = make_folder_of(path); error != 0) {
        return base::failure(where,
                             "cannot make the folder of " + path + ": " + std::strerror(error),
                             "set control.socket to another path");
    }
    // Everybody may connect where others than root and we may have something to say: who they are
    // is asked of the kernel, for each connection.
    model::SocketSettings settings;
    settings.mode = permissions.others() ? 0666 : 0600;
    auto opened = net::Acceptor::bind(loop_, address_of(path), settings, where);
    if (!opened) return opened.error();
    acceptors_ = std::move(*opened);
    path_ = path;
    permissions_ = std::move(permissions);
    for (auto& acceptor : acceptors_) acceptor->start(*this);
    return {};
}

void Server::set_permissions(Permissions permissions) {
    const auto lost = [](const auto& acceptor) { return !acceptor->reachable(); };
    const bool none = acceptors_.empty() && !path_.empty();
    if (none || std::any_of(acceptors_.begin(), acceptors_.end(), lost)) {
        return open_again(std::move(permissions));
    }
    permissions_ = std::move(permissions);
    model::SocketSettings settings;
    settings.mode = permissions_.others() ? 0666 : 0600;
    for (auto& acceptor : acceptors_) {
        for (const std::string& problem : acceptor->retune(settings, settings)) {
            log_.error("{}: {}", path_, problem);
        }
    }
}

void Server::open_again(Permissions permissions) {
    net::Acceptor::retire(loop_, acceptors_);
    const base::Errors errors = open(path_, std::move(permissions), "control.socket");
    for (const base::Error& error : errors) {
        log_.error(base::place_of(error), "{}", base::to_string(error));
    }
    if (errors.empty()) log_.info("{} was removed, and is made again", path_);
}

void Server::close(std::function<void()> closed) {
    net::Acceptor::retire(loop_, acceptors_);
    if (sessions_.empty()) return closed();
    closed_ = std::move(closed);
    for (net::Transport& transport : sessions_) transport.abort();
}

void Server::accepted(base::Descriptor socket, const net::SocketAddress& peer) {
    Peer who = peer_of(socket.get());
    const bool own = Permissions::owns_daemon(who);
    // They would keep out who looks after the daemon, and wait long: better that they know.
    if (!own && of_others_ >= most_of_others) return turn_away(socket.get());
    const Role role = permissions_.role_of(who);
    if (role == Role::nobody) log_.warn("{} may not use the control socket", who.text());
    net::TransportSettings settings;
    settings.write_buffer.limit = longest_answer;
    settings.idle = role == Role::nobody ? patience_with_strangers : patience;
    auto session = std::make_shared<Session>(std::move(who), role, handler_);
    auto& transport =
        *new net::StreamTransport(loop_, std::move(socket), peer, settings, *this, session);
    transport.set_role(own ? net::Role::served : net::Role::accepted);
    sessions_.push_back(transport);
    ++count_of(transport);
    transport.start(Session::protocol(std::move(session), transport));
    if (of_own_ >= most_of_own) {
        for (auto& acceptor : acceptors_) acceptor->pause();
    }
}

std::size_t& Server::count_of(const net::Transport& transport) {
    return transport.role() == net::Role::served ? of_own_ : of_others_;
}

void Server::turn_away(int socket) {
    const std::string line = error_line(
        Code::busy, base::format("{} others use the control socket already", most_of_others));
    static_cast<void>(::send(socket, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

void Server::accepting_suspended(int os_errno) {
    log_.error({.id = base::events::not_accepting},
               "{}: not accepting: {}",
               path_,
               std::strerror(os_errno));
}

void Server::callback_failed(net::Transport&, std::string_view callback, std::string_view text) {
    log_.error("{}: {} failed: {}", path_, callback, text);
}

void Server::ended(net::Transport& transport) {
    sessions_.erase(sessions_.iterator_to(transport));
    --count_of(transport);
    loop_.retire(std::unique_ptr<net::EventSink>(&transport));
    for (auto& acceptor : acceptors_) acceptor->resume();
    if (closed_ && sessions_.empty()) std::exchange(closed_, nullptr)();
}

}  // namespace protohost::control
