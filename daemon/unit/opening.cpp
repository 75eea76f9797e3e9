// SPDX-License-Identifier: MIT
#include "daemon/unit/opening.hpp"

#include <utility>

#include "daemon/net/datagram_transport.hpp"
#include "daemon/net/listening_socket.hpp"
#include "daemon/net/pipe.hpp"
#include "daemon/net/socket_options.hpp"
#include "daemon/plugin/guard.hpp"

namespace protohost::unit {

namespace {

OpenError invalid(std::string text) {
    return {PH_E_INVAL, 0, std::move(text)};
}

OpenError no_context(const base::Errors& errors) {
    return {PH_E_UNSUPPORTED, 0, OpenError::of(errors).text};
}

}  // namespace

void Opening::fail(const OpenError& error) {
    const ph_error why = error.to_abi();
    request_.callbacks.complete([&](void* arg) { done_(arg, &why, nullptr); });
}

void Opening::tell_opened() {
    request_.callbacks.complete([&](void* arg) { done_(arg, nullptr, opened_); });
}

void Opening::abandoned() {
    if (opened_ == nullptr) return Operation::abandoned();
    tell_opened();
}

void Opening::step() {
    if (opened_ == nullptr) return proceed();
    complete([&] { tell_opened(); });
}

bool Opening::make_protocol(std::uint32_t kind, ph_proto& protocol) {
    settle();
    const ph_status status = request_.callbacks.make(kind, protocol);
    if (status >= 0) return true;
    complete_failed({status, 0, plugin::failure_text(status)});
    return false;
}

void Opening::opened(std::unique_ptr<net::Transport> transport,
                     net::Role role,
                     ph_proto protocol,
                     std::unique_ptr<net::SocketFile> file) {
    net::Transport& made =
        services().connections().adopt(std::move(transport), role, protocol, std::move(file));
    opened_ = made.handle();
    complete_soon();
}

void StreamOpening::check() {
    const bool tcp = request_.address && request_.address->kind == model::Address::Kind::tcp;
    const bool unix =
        request_.address && (request_.address->kind == model::Address::Kind::unix_path ||
                             request_.address->kind == model::Address::Kind::unix_abstract);
    std::string& problem = request_.problem;
    if (!problem.empty()) return;
    if (source_ == Source::accepted && !request_.descriptor) {
        problem = "connect_accepted_socket needs a descriptor";
    } else if (request_.descriptor && (request_.address || request_.local)) {
        problem = "an address and a descriptor were given: one of the two";
    } else if (source_ == Source::tcp && !tcp && !request_.descriptor) {
        problem = "create_connection needs an address tcp://HOST:PORT, or a connected socket";
    } else if (source_ == Source::unix && !unix && !request_.descriptor) {
        problem = "create_unix_connection needs an address unix:///PATH or unix:@NAME";
    }
}

void StreamOpening::begin() {
    check();
    if (!request_.problem.empty() || request_.descriptor) return complete_soon();
    net::ConnectSettings settings{
        *request_.address, services().socket_settings(), services().patience(request_)};
    if (request_.local) settings.socket.local = {*request_.local, {}};
    connector_ = std::make_unique<net::Connector>(services().shared().loop,
                                                  services().shared().resolver,
                                                  std::move(settings),
                                                  static_cast<net::ConnectorOwner&>(*this));
}

void StreamOpening::proceed() {
    if (!request_.problem.empty()) return complete_failed(invalid(request_.problem));
    auto problem = net::check_stream_socket(request_.descriptor.get());
    if (problem.empty() && source_ == Source::unix && !net::is_unix(request_.descriptor.get())) {
        problem = "the descriptor is no UNIX socket";
    }
    if (!problem.empty()) return complete_failed(invalid(std::move(problem)));
    const auto peer = net::SocketAddress::peer_of(request_.descriptor.get());
    const auto refused = net::apply_stream_options(
        request_.descriptor.get(), peer.family(), services().socket_settings());
    if (refused) return complete_failed({PH_E_OS, refused->os_errno, refused->text()});
    serve({{}, std::move(request_.descriptor), peer});
}

bool StreamOpening::withdraw() {
    stop_handshake();
    connector_.reset();
    return true;
}

void StreamOpening::connected(net::Connector&, net::ConnectedSocket socket) {
    serve(std::move(socket));
}

void StreamOpening::connect_failed(net::Connector&, const net::ConnectError& error) {
    complete_failed({error.status, error.os_errno, error.text});
}

void DatagramOpening::check() {
    std::string& problem = request_.problem;
    if (!problem.empty()) return;
    const auto wrong = [](const std::optional<model::Address>& address) {
        return address && !model::is_datagram(*address);
    };
    if (wrong(request_.address) || wrong(request_.local)) {
        problem = "create_datagram_endpoint needs addresses udp:// or unixgram:";
    } else if (request_.descriptor && (request_.address || request_.local)) {
        problem = "an address and a descriptor were given: one of the two";
    } else if (!request_.descriptor && !request_.address && !request_.local) {
        problem = "create_datagram_endpoint needs a local address, a remote one, or a socket";
    }
}

void DatagramOpening::begin() {
    check();
    if (!request_.problem.empty() || request_.descriptor) return complete_soon();
    std::vector<model::Address> questions;
    if (request_.local) questions.push_back(*request_.local);
    if (request_.address) questions.push_back(*request_.address);
    resolution_.emplace(
        services().shared(),
        questions,
        services().patience(request_),
        [this](const OpenError* why, const auto& found) { this->found(why, found); });
}

void DatagramOpening::proceed() {
    if (!request_.problem.empty()) return complete_failed(invalid(request_.problem));
    auto socket = net::adopt_datagram_socket(std::move(request_.descriptor), {});
    if (socket) {
        const auto refused = net::apply_datagram_options(
            socket->descriptor.get(), socket->family, services().socket_settings());
        if (refused) return complete_failed({PH_E_OS, refused->os_errno, refused->text()});
    }
    open(std::move(socket));
}

void DatagramOpening::found(const OpenError* why,
                            const std::vector<Resolution::Addresses>& addresses) {
    if (why != nullptr) return complete_failed(*why);
    net::DatagramAddresses ends;
    if (request_.local) ends.locals = addresses.front();
    if (request_.address) ends.remotes = addresses.back();
    open(net::open_datagram_socket(ends, services().socket_settings(), {}));
}

void DatagramOpening::open(base::Result<net::DatagramSocket> socket) {
    if (!socket) return complete_failed(OpenError::of(socket.error()));
    const auto role = socket->connected ? net::Role::connected : net::Role::bound;
    complete_opened(PH_DATAGRAM, role, [&] {
        return std::make_unique<net::DatagramTransport>(services().shared().loop,
                                                        std::move(*socket),
                                                        services().connections().settings(),
                                                        services().connections().transport_owner(),
                                                        services().binding());
    });
}

bool DatagramOpening::withdraw() {
    resolution_.reset();
    return true;
}

void PipeOpening::proceed() {
    std::string problem = request_.problem;
    if (problem.empty() && (!request_.descriptor || request_.address)) {
        problem = "a pipe is opened by its descriptor";
    }
    const auto end = direction_ == Direction::read ? net::PipeEnd::read : net::PipeEnd::write;
    if (problem.empty()) problem = net::check_pipe(request_.descriptor.get(), end);
    if (!problem.empty()) return complete_failed(invalid(std::move(problem)));
    std::string name = "descriptor " + std::to_string(request_.descriptor.get());
    complete_opened(PH_STREAM, net::Role::pipe, [&] {
        return services().connections().make_pipe(
            std::move(request_.descriptor), end, std::move(name), services().binding());
    });
}

void StreamOpening::serve(net::ConnectedSocket socket) {
    Unsecured connection{std::move(socket.descriptor), socket.peer, std::move(socket.file)};
    request_.tls ? shake_hands(std::move(connection)) : serve(std::move(connection), nullptr);
}

void StreamOpening::shake_hands(Unsecured connection) {
    using enum net::TlsContext::Role;
    auto context = services().tls_context(source_ == Source::accepted ? server : client);
    if (!context) return complete_failed(no_context(context.error()));
    if (*context == nullptr) return await_context(std::move(connection));
    shake_hands(std::move(connection), std::move(*context));
}

void StreamOpening::await_context(Unsecured connection) {
    waiting_ = std::make_unique<Unsecured>(std::move(connection));
    context_ = services().client_context().wait([this](const ClientContext::Made& made) {
        context_ = 0;
        if (!made) return complete_failed(no_context(made.error()));
        shake_hands(std::move(*std::exchange(waiting_, nullptr)), *made);
    });
}

void StreamOpening::stop_handshake() {
    services().client_context().forget(std::exchange(context_, 0));
    waiting_.reset();
    services().handshakes().stop(std::exchange(handshake_, 0));
}

void StreamOpening::shake_hands(Unsecured connection, net::TlsContext::Pointer context) {
    net::TlsStart start{std::move(context), {}, request_.server_name, {}};
    handshake_ = services().handshakes().begin(
        std::move(connection), std::move(start), [this](Handshakes::Outcome outcome) {
            handshake_ = 0;
            if (outcome.session == nullptr) {
                const net::TlsFailure& why = outcome.failure;
                return complete_failed({why.code, why.os_errno, failure_text(outcome)});
            }
            serve(std::move(outcome.connection), std::move(outcome.session));
        });
}

void StreamOpening::serve(Unsecured connection, std::unique_ptr<net::TlsSession> session) {
    const auto role = source_ == Source::accepted ? net::Role::served : net::Role::connected;
    const auto make = [&] {
        return services().connections().make_stream(std::move(connection.socket),
                                                    connection.peer,
                                                    std::move(session),
                                                    services().binding());
    };
    complete_opened(PH_STREAM, role, make, std::move(connection.file));
}

}  // namespace protohost::unit
