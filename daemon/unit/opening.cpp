// SPDX-License-Identifier: MIT
#include "daemon/unit/opening.hpp"

#include <utility>

#include "daemon/net/datagram_socket.hpp"
#include "daemon/net/datagram_transport.hpp"
#include "daemon/net/pipe.hpp"
#include "daemon/net/stream_transport.hpp"
#include "daemon/plugin/guard.hpp"

namespace protohost::unit {

namespace {

OpenError invalid(std::string text) {
    return {PH_E_INVAL, 0, std::move(text)};
}

/// The first of them, in one line.
std::string text_of(const base::Errors& errors) {
    if (errors.empty()) return {};
    base::Error error = errors.front();
    error.where.clear();
    return base::to_string(error);
}

}  // namespace

void Opening::fail(const OpenError& error) {
    const ph_error why = error.to_abi();
    request_.callbacks.complete([&](void* arg) { done_(arg, &why, nullptr); });
}

void Opening::opened(net::Transport& transport) {
    request_.callbacks.complete(
        [&](void* arg) { done_(arg, nullptr, transport.handle()); });
}

OpenError Opening::made_nothing(ph_status status) {
    return {status, 0, plugin::failure_text(status)};
}

void StreamOpening::check() {
    const bool tcp = request_.address && request_.address->kind == model::Address::Kind::tcp;
    const bool unix = request_.address && (request_.address->kind == model::Address::Kind::unix_path ||
                                           request_.address->kind == model::Address::Kind::unix_abstract);
    std::string& problem = request_.problem;
    if (!problem.empty()) return;
    if (source_ == Source::accepted) {
        if (!request_.descriptor) problem = "connect_accepted_socket needs a descriptor";
    } else if (request_.descriptor && request_.address) {
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
    net::ConnectSettings settings{*request_.address, services().spec().socket, {}};
    if (request_.local) settings.socket.local = {*request_.local, {}};
    settings.timeout = request_.timeout.count() != 0 ? request_.timeout
                                                     : services().spec().timeouts.connect;
    connector_ = std::make_unique<net::Connector>(
        services().shared().loop, services().shared().resolver, std::move(settings), *this);
}

void StreamOpening::step() {
    if (!request_.problem.empty()) return complete_failed(invalid(request_.problem));
    if (auto problem = net::check_stream_socket(request_.descriptor.get()); !problem.empty()) {
        return complete_failed(invalid(std::move(problem)));
    }
    const auto peer = net::SocketAddress::peer_of(request_.descriptor.get());
    serve(std::move(request_.descriptor), peer);
}

bool StreamOpening::withdraw() {
    connector_.reset();
    return true;
}

void StreamOpening::connected(net::Connector&,
                              base::Descriptor socket,
                              const net::SocketAddress& peer) {
    serve(std::move(socket), peer);
}

void StreamOpening::connect_failed(net::Connector&, const net::ConnectError& error) {
    complete_failed({error.status, error.os_errno, error.text});
}

void StreamOpening::serve(base::Descriptor socket, const net::SocketAddress& peer) {
    const auto role = source_ == Source::accepted ? net::Role::served : net::Role::connected;
    complete_opened(PH_STREAM, role, [&] {
        return std::make_unique<net::StreamTransport>(services().shared().loop,
                                                      std::move(socket),
                                                      peer,
                                                      services().connections().settings(),
                                                      services().connections().transport_owner(),
                                                      services().binding());
    });
}

}  // namespace protohost::unit
