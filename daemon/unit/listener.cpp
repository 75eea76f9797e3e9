// SPDX-License-Identifier: MIT
#include "daemon/unit/listener.hpp"

#include <chrono>
#include <cstring>
#include <utility>

#include "daemon/model/quantity.hpp"
#include "daemon/plugin/guard.hpp"

namespace protohost::unit {

Listener::Listener(net::Loop& loop, model::ListenerSpec spec, std::shared_ptr<Binding> binding)
    : loop_(loop),
      spec_(std::move(spec)),
      binding_(std::move(binding)),
      log_("unit"),
      drain_deadline_(loop),
      last_word_(loop) {}

Listener::~Listener() {
    close_acceptors();
}

base::Errors Listener::bind() {
    base::Errors errors;
    for (const auto& address : spec_.listen) {
        const std::string where =
            model::to_string(address.place, "listeners." + spec_.name + ".listen");
        auto opened = net::Acceptor::bind(loop_, address.value, where);
        if (!opened) {
            base::append(errors, opened.error());
            continue;
        }
        for (auto& acceptor : *opened) acceptors_.push_back(std::move(acceptor));
    }
    if (!errors.empty()) close_acceptors();
    return errors;
}

void Listener::start() {
    const auto& factory = binding_->factory();
    for (auto& acceptor : acceptors_) {
        log_.info("listener {}: listening on tcp://{} with protocol {}/{}",
                  name(),
                  acceptor->local().text(),
                  factory.module().name(),
                  factory.declared().name);
        acceptor->start(*this);
    }
    const net::CallbackScope scope(loop_);
    if (const ph_status status = binding_->factory().started(); status < 0) {
        log_.error("listener {}: plugin {}: started failed: {}; serving all the same",
                   name(),
                   factory.module().name(),
                   plugin::failure_text(status));
    }
}

void Listener::stop(std::function<void()> stopped) {
    stopped_ = std::move(stopped);
    close_acceptors();
    if (!connections_.empty()) {
        log_.info("listener {}: draining {} connections, at most {}",
                  name(),
                  connections_.size(),
                  model::format_duration(spec_.timeouts.drain));
    }
    const auto deadline = std::chrono::steady_clock::now() + spec_.timeouts.drain;
    const auto since_epoch = std::chrono::nanoseconds(deadline.time_since_epoch()).count();
    // A transport ends in an iteration of its own, so the list stays as it is here.
    for (auto& transport : connections_) transport.drain(static_cast<std::uint64_t>(since_epoch));
    drain_deadline_.start(deadline, [this] { abort_connections(); });
    check_stopped();
}

void Listener::abort_connections() {
    if (!connections_.empty()) {
        log_.warn(
            "listener {}: aborting {} connections that did not drain", name(), connections_.size());
    }
    for (auto& transport : connections_) transport.abort();
}

void Listener::check_stopped() {
    if (!stopped_ || !connections_.empty()) return;
    drain_deadline_.cancel();
    last_word_.start(std::chrono::nanoseconds(0), std::exchange(stopped_, nullptr));
}

void Listener::close_acceptors() {
    for (auto& acceptor : acceptors_) {
        acceptor->stop();
        loop_.retire(std::move(acceptor));
    }
    acceptors_.clear();
}

void Listener::accepted(base::Descriptor socket, const net::SocketAddress& peer) {
    ph_proto protocol{};
    {
        const net::CallbackScope scope(loop_);
        if (const ph_status status = binding_->factory().make_protocol(protocol); status < 0) {
            log_.error(
                "listener {}: connection from {} closed: plugin {}: make_protocol failed: {}",
                name(),
                peer.text(),
                binding_->factory().module().name(),
                plugin::failure_text(status));
            return;
        }
    }
    log_.debug("listener {}: connection from {}", name(), peer.text());
    net::TransportOwner& owner = *this;
    auto transport =
        std::make_unique<net::StreamTransport>(loop_,
                                               std::move(socket),
                                               peer,
                                               net::TransportSettings{spec_.write_buffer},
                                               owner,
                                               binding_);
    connections_.push_back(*transport);
    transport.release()->start(protocol);
}

void Listener::ended(net::Transport& transport) {
    if (transport.traffic().dropped > 0) {
        log_.debug("listener {}: connection from {} ended with {} bytes written and never sent",
                   name(),
                   transport.peer_text(),
                   transport.traffic().dropped);
    } else {
        log_.debug("listener {}: connection from {} ended", name(), transport.peer_text());
    }
    connections_.erase(connections_.iterator_to(transport));
    loop_.retire(std::unique_ptr<net::EventSink>(&transport));
    check_stopped();
}

void Listener::callback_failed(net::Transport& transport,
                               std::string_view callback,
                               std::string_view text) {
    log_.error("listener {}: connection from {} aborted: plugin {}: {} failed: {}",
               name(),
               transport.peer_text(),
               binding_->factory().module().name(),
               callback,
               text);
}

void Listener::limit_reached(net::Transport& transport, std::size_t refused) {
    const bool aborts = spec_.write_buffer.policy == model::WriteBuffer::Policy::abort;
    log_.warn(
        "listener {}: connection from {}: writing {} bytes would pass write_buffer.limit ({}): {}",
        name(),
        transport.peer_text(),
        refused,
        model::format_size(spec_.write_buffer.limit),
        aborts ? "connection aborted" : "write refused; said once for this connection");
}

void Listener::accepting_suspended(int os_errno) {
    log_.error("listener {}: not accepting: {}; clients wait in the queue until resources are free",
               name(),
               std::strerror(os_errno));
}

void Listener::accepting_resumed(unsigned times) {
    log_.info("listener {}: accepting again without trouble, after {} pauses", name(), times);
}

}  // namespace protohost::unit
