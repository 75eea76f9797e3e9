// SPDX-License-Identifier: MIT
#include "daemon/unit/connections.hpp"

#include <utility>

#include "daemon/base/counted.hpp"
#include "daemon/base/format.hpp"
#include "daemon/base/log_events.hpp"
#include "daemon/model/quantity.hpp"
#include "daemon/net/loop_time.hpp"
#include "daemon/net/stream_transport.hpp"
#include "daemon/unit/binding.hpp"

namespace protohost::unit {

namespace {

/// What a log line calls it: "connection from 127.0.0.1:4000".
std::string described(net::Role role, const std::string& peer) {
    switch (role) {
        case net::Role::accepted:
        case net::Role::served:
            return "connection from " + peer;
        case net::Role::connected:
            return "connection to " + peer;
        case net::Role::bound:
            return "endpoint at " + peer;
        case net::Role::pipe:
            return "pipe " + peer;
        case net::Role::process:
            return "process " + peer;
    }
    return {};
}

/// Only a stream ends for what its protocol failed with.
bool is_stream(const net::Transport& transport) {
    const ph_proto protocol = transport.get_protocol();
    return protocol.ops == nullptr || protocol.ops->kind == PH_STREAM;
}

}  // namespace

Connections::Connections(net::Loop& loop,
                         const model::UnitSpec& spec,
                         std::string title,
                         ConnectionsOwner& owner)
    : loop_(loop),
      spec_(spec),
      owner_(owner),
      log_(std::move(title)),
      tls_failures_(log_.title()) {}

std::unique_ptr<net::Transport> Connections::make_stream(base::Descriptor socket,
                                                         net::PeerName peer,
                                                         std::unique_ptr<net::TlsSession> session,
                                                         std::shared_ptr<void> factory) {
    auto transport = std::make_unique<net::StreamTransport>(loop_,
                                                            std::move(socket),
                                                            std::move(peer),
                                                            settings(),
                                                            transport_owner(),
                                                            std::move(factory));
    if (session != nullptr) transport->secure(std::move(session));
    return transport;
}

std::unique_ptr<net::Transport> Connections::make_pipe(base::Descriptor end,
                                                       net::PipeEnd which,
                                                       std::string name,
                                                       std::shared_ptr<void> factory) {
    const bool reads = which == net::PipeEnd::read;
    return std::make_unique<net::StreamTransport>(
        loop_,
        std::move(end),
        net::PeerName(std::move(name)),
        settings(),
        transport_owner(),
        std::move(factory),
        reads ? net::Channel::read_pipe : net::Channel::write_pipe);
}

net::Transport& Connections::adopt(std::unique_ptr<net::Transport> transport,
                                   net::Role role,
                                   ph_proto protocol,
                                   std::unique_ptr<net::SocketFile> file) {
    net::Transport& adopted = *transport.release();
    if (file != nullptr) files_.emplace(&adopted, std::move(file));
    adopted.set_role(role);
    transports_.push_back(adopted);
    ++counters_.opened;
    if (tells_of_each()) {
        const std::string peer = adopted.peer_text();
        log_.debug(about(adopted, peer), "{}", described(role, peer));
    }
    adopted.start(protocol);
    return adopted;
}

void Connections::drain(std::chrono::steady_clock::time_point deadline) {
    std::vector<net::Transport*> all;
    for (net::Transport& transport : transports_) all.push_back(&transport);
    drain(all, deadline);
}

void Connections::drain(std::span<net::Transport* const> transports,
                        std::chrono::steady_clock::time_point deadline) {
    if (transports.empty()) return;
    const auto drain = drains_.emplace(drains_.end(), loop_);
    // A transport ends in an iteration of its own, so each of them is there still.
    for (net::Transport* const transport : transports) {
        drain->transports.push_back(transport->ref());
        transport->drain(net::loop_time(deadline));
    }
    drain->deadline.start(deadline, [this, drain] {
        abort_rest(*drain);
        drains_.erase(drain);
    });
}

void Connections::abort_rest(const Drain& drain) {
    std::size_t aborted = 0;
    for (const ph_ref reference : drain.transports) {
        net::Transport* const transport = loop_.references().find(reference);
        if (transport == nullptr) continue;
        if (transport->role() == net::Role::process) {
            const std::string peer = transport->peer_text();
            log_.warn(about(*transport, peer),
                      "killing {} that did not end",
                      described(transport->role(), peer));
        } else {
            ++aborted;
        }
        transport->abort();
    }
    if (aborted != 0) {
        log_.warn({}, "aborting {} that did not drain", base::counted(aborted, "connection"));
    }
}

void Connections::retune() {
    for (net::Transport& transport : transports_) transport.retune(settings());
}

void Connections::abort() {
    for (net::Transport& transport : transports_) transport.abort();
}

void Connections::ended(net::Transport& transport) {
    if (std::int32_t code = 0; transport.get_returncode(code) == PH_E_FAIL) {
        const std::string peer = transport.peer_text();
        log_.warn(about(transport, peer),
                  "nobody knows how {} ended: somebody else has waited for it (a plugin calls "
                  "wait or waitpid, or ignores SIGCHLD)",
                  described(transport.role(), peer));
    }
    counters_.traffic.received += transport.traffic().received;
    counters_.traffic.sent += transport.traffic().sent;
    counters_.traffic.dropped += transport.traffic().dropped;
    if (tells_of_each()) tell_end(transport);
    transports_.erase(transports_.iterator_to(transport));
    if (!files_.empty()) files_.erase(&transport);
    loop_.retire(std::unique_ptr<net::EventSink>(&transport));
    owner_.connection_ended(transport);
}

bool Connections::tells_of_each() const {
    return log_.enabled(base::Level::debug);
}

void Connections::tell_end(const net::Transport& transport) const {
    const std::string peer = transport.peer_text();
    const std::string which = described(transport.role(), peer);
    if (const auto dropped = transport.traffic().dropped; dropped > 0) {
        log_.debug(about(transport, peer),
                   "{} ended with {} bytes written and never sent",
                   which,
                   dropped);
    } else {
        log_.debug(about(transport, peer), "{} ended", which);
    }
}

base::LogFields Connections::about(const net::Transport& transport,
                                   const std::string& peer,
                                   std::string_view event) {
    base::LogFields fields{.id = event, .connection = peer};
    if (const auto* const binding = static_cast<const Binding*>(transport.factory())) {
        fields.plugin = binding->plugin_name();
        fields.generation = binding->generation_number();
    }
    return fields;
}

std::string Connections::name_of(const net::Transport& transport, std::string_view callback) const {
    return base::format("{}: {}: plugin {}: {}",
                        log_.title(),
                        described(transport.role(), transport.peer_text()),
                        spec_.protocol.value.plugin,
                        callback);
}

void Connections::callback_failed(net::Transport& transport,
                                  std::string_view callback,
                                  std::string_view text) {
    ++counters_.failed;
    last_error_ = base::format("{} failed: {}", callback, text);
    const std::string peer = transport.peer_text();
    log_.error(about(transport, peer, base::events::plugin_fault),
               "{}{}: plugin {}: {} failed: {}",
               described(transport.role(), peer),
               is_stream(transport) ? " aborted" : "",
               spec_.protocol.value.plugin,
               callback,
               text);
}

void Connections::timed_out(net::Transport& transport, std::string_view text) {
    const std::string peer = transport.peer_text();
    log_.info(about(transport, peer), "{} aborted: {}", described(transport.role(), peer), text);
}

void Connections::handshake_failed(net::Transport& transport, const net::TlsFailure& failure) {
    tls_failures_.count(failure);
    tls_failures_.log(transport.peer_text(), failure);
}

void Connections::limit_reached(net::Transport& transport,
                                std::size_t refused,
                                net::WriteLimit limit) {
    const bool aborts = spec_.write_buffer.policy == model::WriteBuffer::Policy::abort;
    const bool own = limit == net::WriteLimit::connection;
    const std::string peer = transport.peer_text();
    log_.warn(about(transport, peer),
              "{}: writing {} bytes would pass {} ({}): {}",
              described(transport.role(), peer),
              refused,
              own ? "write_buffer.limit" : "memory.write_buffers",
              model::format_size(own ? spec_.write_buffer.limit : loop_.write_budget().limit()),
              aborts ? "connection aborted" : "write refused; said once for this connection");
}

}  // namespace protohost::unit
