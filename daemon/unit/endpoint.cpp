// SPDX-License-Identifier: MIT
#include "daemon/unit/endpoint.hpp"

#include <string_view>
#include <sys/socket.h>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/model/quantity.hpp"
#include "daemon/net/datagram_socket.hpp"
#include "daemon/net/datagram_transport.hpp"
#include "daemon/net/pipe.hpp"
#include "daemon/net/socket_address.hpp"
#include "daemon/net/stream_transport.hpp"

namespace protohost::unit {

using Kind = model::EndpointSpec::Kind;

namespace {

std::string_view opened_word(net::Role role) {
    switch (role) {
        case net::Role::bound:
            return "bound to";
        case net::Role::pipe:
            return "opened";
        default:
            return "connected to";
    }
}

}  // namespace

Endpoint::Endpoint(const Shared& shared,
                   const model::EndpointSpec& spec,
                   std::shared_ptr<Binding> binding)
    : Unit(shared, spec, "endpoint " + spec.name, std::move(binding)),
      definition_(spec),
      backoff_(spec.reconnect.value_or(model::Reconnect{})),
      pause_(shared.loop) {}

Endpoint::~Endpoint() {
    close();
}

std::uint32_t Endpoint::protocol_kind(const model::EndpointSpec& spec) {
    const bool datagrams = spec.kind == Kind::bind ||
                           (spec.kind == Kind::connect && model::is_datagram(spec.address.value));
    return datagrams ? PH_DATAGRAM : PH_STREAM;
}

std::string Endpoint::target() const {
    if (!bound_at_.empty()) return bound_at_;
    if (definition_.kind == Kind::connect || definition_.kind == Kind::bind) {
        return model::to_string(definition_.address.value);
    }
    if (definition_.descriptor >= 0) return "fd:" + std::to_string(definition_.descriptor);
    return definition_.path.value;
}

base::Errors Endpoint::bind() {
    if (definition_.kind != Kind::bind) return {};
    const std::string where =
        model::to_string(definition_.address.place, "endpoints." + spec_.name + ".bind");
    const auto remote =
        definition_.remote ? std::optional(definition_.remote->value) : std::nullopt;
    auto socket =
        net::open_datagram_socket({definition_.address.value, remote, spec_.socket}, where);
    if (!socket) return socket.error();
    bound_.emplace(std::move(*socket));
    const auto local = net::SocketAddress::local_of(bound_->descriptor.get());
    if (!local.text().empty()) bound_at_ = local.uri(SOCK_DGRAM);
    return {};
}

void Endpoint::open() {
    attempt();
}

void Endpoint::close() {
    closed_ = true;
    pause_.cancel();
    connector_.reset();
    resolution_.reset();
}

template <class Make>
void Endpoint::serve(net::Role role, Make&& make) {
    ph_proto protocol{};
    if (!make_protocol(target(), protocol)) return wait_and_attempt("no protocol");
    opened_at_ = std::chrono::steady_clock::now();
    log_.info("{}: {} {} with protocol {}{}",
              title(),
              opened_word(role),
              target(),
              binding_->protocol_name(),
              failures_ > 0 ? base::format(", after {} failures", failures_) : "");
    failures_ = 0;
    last_failure_.clear();
    current_ = &connections_.adopt(make(), role, protocol);
    if (!std::exchange(opened_once_, true)) readiness_changed();
}

void Endpoint::attempt() {
    switch (definition_.kind) {
        case Kind::bind:
            return serve_datagrams(std::move(*std::exchange(bound_, std::nullopt)),
                                   net::Role::bound);
        case Kind::read:
        case Kind::write:
            return open_pipe();
        case Kind::connect:
            break;
    }
    if (model::is_datagram(definition_.address.value)) return connect_datagram();
    connector_ = std::make_unique<net::Connector>(
        shared_.loop,
        shared_.resolver,
        net::ConnectSettings{definition_.address.value, spec_.socket, spec_.timeouts.connect},
        static_cast<net::ConnectorOwner&>(*this));
}

void Endpoint::connect_datagram() {
    const model::Address& address = definition_.address.value;
    if (!has_name(address)) return open_datagram({address});
    resolution_.emplace(shared_.resolver, address, [this](const auto& found) {
        if (found) return open_datagram(*found);
        attempt_failed(found.error().front().what);
    });
}

void Endpoint::open_datagram(const std::vector<model::Address>& addresses) {
    std::string first_problem;
    for (const model::Address& address : addresses) {
        auto socket = net::open_datagram_socket({std::nullopt, address, spec_.socket}, {});
        if (socket) return serve_datagrams(std::move(*socket), net::Role::connected);
        if (first_problem.empty())
            first_problem = base::to_string(base::Errors(socket.error()).front());
    }
    attempt_failed(first_problem);
}

void Endpoint::serve_datagrams(net::DatagramSocket socket, net::Role role) {
    serve(role, [&] {
        return std::make_unique<net::DatagramTransport>(shared_.loop,
                                                        std::move(socket),
                                                        connections_.settings(),
                                                        connections_.transport_owner(),
                                                        binding_);
    });
}

void Endpoint::open_pipe() {
    const bool reads = definition_.kind == Kind::read;
    const net::PipeEnd end = reads ? net::PipeEnd::read : net::PipeEnd::write;
    net::OpenedPipe pipe = definition_.descriptor >= 0
                               ? net::copy_pipe(definition_.descriptor)
                               : net::open_pipe(definition_.path.value, end);
    if (!pipe.problem.empty()) return attempt_failed(pipe.problem);
    serve(net::Role::pipe, [&] {
        return std::make_unique<net::StreamTransport>(
            shared_.loop,
            std::move(pipe.descriptor),
            net::PeerName(target()),
            connections_.settings(),
            connections_.transport_owner(),
            binding_,
            reads ? net::Channel::read_pipe : net::Channel::write_pipe);
    });
}

void Endpoint::connected(net::Connector&, base::Descriptor socket, const net::SocketAddress& peer) {
    connector_.reset();
    serve(net::Role::connected, [&] {
        return std::make_unique<net::StreamTransport>(shared_.loop,
                                                      std::move(socket),
                                                      peer,
                                                      connections_.settings(),
                                                      connections_.transport_owner(),
                                                      binding_);
    });
}

void Endpoint::connect_failed(net::Connector&, const net::ConnectError& error) {
    connector_.reset();
    attempt_failed(error.text);
}

void Endpoint::attempt_failed(const std::string& text) {
    ++failures_;
    // Once for each cause, not for each attempt: a server that is away for a night would fill the
    // log.
    const bool news = text != last_failure_;
    last_failure_ = text;
    log_.log(news ? base::Level::warn : base::Level::debug, "{}: {}", title(), text);
    wait_and_attempt(text);
}

void Endpoint::wait_and_attempt(const std::string& why) {
    if (closed_) return;
    if (!definition_.reconnect) {
        log_.warn("{}: not opened again: reconnect is never", title());
        given_up_ = why;
        return readiness_changed();
    }
    const auto pause = backoff_.next();
    log_.debug("{}: next attempt in {}",
               title(),
               model::format_duration(std::chrono::ceil<std::chrono::milliseconds>(pause)));
    pause_.start(pause, [this] { attempt(); });
}

void Endpoint::connection_ended(const net::Transport& transport) {
    if (&transport == current_) {
        current_ = nullptr;
        // Where the unit itself has stopped, the descriptor is there for the next that has it.
        if (definition_.descriptor >= 0 && !closed_) {
            net::let_go(definition_.descriptor,
                        definition_.kind == Kind::read ? net::PipeEnd::read : net::PipeEnd::write);
        }
        const auto lived = std::chrono::steady_clock::now() - opened_at_;
        if (definition_.reconnect && lived > definition_.reconnect->max) backoff_.reset();
        log_.debug("{}: {} ended", title(), target());
        wait_and_attempt("it ended");
    }
    Unit::connection_ended(transport);
}

}  // namespace protohost::unit
