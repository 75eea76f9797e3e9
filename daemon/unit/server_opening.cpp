// SPDX-License-Identifier: MIT
#include "daemon/unit/server_opening.hpp"

#include <fcntl.h>
#include <string>
#include <utility>

#include "daemon/net/listening_socket.hpp"
#include "daemon/unit/server.hpp"

namespace protohost::unit {

namespace {

model::Address as_written(const net::SocketAddress& tcp) {
    std::string none;
    return model::parse_address(tcp.uri(), none).value_or(model::Address{});
}

}  // namespace

void ServerOpening::check() {
    if (!request_.problem.empty()) return;
    using enum model::Address::Kind;
    const auto& address = request_.address;
    if (address && request_.descriptor) {
        request_.problem = "an address and a descriptor were given: one of the two";
    } else if (request_.descriptor) {
        return;
    } else if (family_ == LoopServices::Family::tcp && !(address && address->kind == tcp)) {
        request_.problem = "create_server needs an address tcp://HOST:PORT, or a listening socket";
    } else if (family_ == LoopServices::Family::unix &&
               !(address && (address->kind == unix_path || address->kind == unix_abstract))) {
        request_.problem = "create_unix_server needs an address unix:///PATH or unix:@NAME";
    }
}

void ServerOpening::begin() {
    check();
    const bool is_tcp = request_.address && request_.address->kind == model::Address::Kind::tcp;
    if (!request_.problem.empty() || !is_tcp) return complete_soon();
    resolution_.emplace(
        services().shared(),
        std::vector{*request_.address},
        services().patience(request_),
        [this](const OpenError* why, const auto& found) { this->found(why, found); });
}

void ServerOpening::found(const OpenError* why,
                          const std::vector<Resolution::Addresses>& addresses) {
    if (why != nullptr) return complete_failed(*why);
    std::vector<model::Address> numeric;
    for (const auto& address : addresses.front()) numeric.push_back(as_written(address));
    bind(numeric);
}

bool ServerOpening::withdraw() {
    resolution_.reset();
    return true;
}

void ServerOpening::step() {
    if (!request_.problem.empty()) return complete_failed({PH_E_INVAL, 0, request_.problem});
    if (request_.address) return bind({*request_.address});
    // Where one is missing that a definition names, the starter of the daemon is asked for it; not
    // here.
    if (::fcntl(request_.descriptor.get(), F_GETFD) < 0) {
        return complete_failed(
            {PH_E_INVAL, 0, "there is no descriptor " + std::to_string(request_.descriptor.get())});
    }
    if (family_ == LoopServices::Family::unix && !net::is_unix(request_.descriptor.get())) {
        return complete_failed({PH_E_INVAL, 0, "the descriptor is no UNIX socket"});
    }
    net::listen_where_bound(request_.descriptor.get(), services().socket_settings().backlog);
    model::Address handed_over;
    handed_over.kind = model::Address::Kind::descriptor;
    // The acceptor keeps a copy of its own; ours is closed with the request.
    handed_over.descriptor = request_.descriptor.get();
    bind({handed_over});
}

void ServerOpening::bind(const std::vector<model::Address>& addresses) {
    if (request_.tls) {
        const auto context = services().tls_context(net::TlsContext::Role::server);
        if (!context) {
            return complete_failed({PH_E_UNSUPPORTED, 0, OpenError::of(context.error()).text});
        }
    }
    std::vector<std::unique_ptr<net::Acceptor>> acceptors;
    for (const model::Address& address : addresses) {
        auto opened = net::Acceptor::bind(
            services().shared().loop, address, services().socket_settings(), {});
        if (!opened) return complete_failed(OpenError::of(opened.error()));
        for (auto& acceptor : *opened) acceptors.push_back(std::move(acceptor));
    }
    auto server = std::make_unique<Server>(
        services(), std::move(request_.callbacks), std::move(acceptors), request_.tls);
    Server& opened = *server;
    ph_server* const handle = services().add(std::move(server));
    complete([&] {
        opened.start();
        opened.tell([&](void* arg) { done_(arg, nullptr, handle); });
    });
}

void ServerOpening::fail(const OpenError& error) {
    const ph_error why = error.to_abi();
    request_.callbacks.complete([&](void* arg) { done_(arg, &why, nullptr); });
}

}  // namespace protohost::unit
