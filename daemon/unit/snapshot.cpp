// SPDX-License-Identifier: MIT
#include "daemon/unit/snapshot.hpp"

#include <string_view>

#include "daemon/base/format.hpp"
#include "daemon/net/subprocess_transport.hpp"
#include "daemon/unit/unit.hpp"

namespace protohost::unit {

namespace {

std::string id_of(const net::Transport& transport) {
    return base::format("{:x}", transport.ref());
}

std::string_view role_name(net::Role role) {
    switch (role) {
        case net::Role::accepted:
            return "accepted";
        case net::Role::served:
            return "served";
        case net::Role::connected:
            return "connected";
        case net::Role::bound:
            return "bound";
        case net::Role::pipe:
            return "pipe";
        case net::Role::process:
            return "process";
    }
    return {};
}

bool is_reading(const net::Transport& transport) {
    if (transport.role() != net::Role::process) return transport.is_reading();
    return !static_cast<const net::SubprocessTransport&>(transport).is_output_paused();
}

unsigned generation_of(const net::Transport& transport) {
    const auto* const binding = static_cast<const Binding*>(transport.factory());
    return binding != nullptr ? binding->generation_number() : 0;
}

}  // namespace

UnitSnapshot Unit::snapshot() {
    UnitSnapshot taken;
    taken.name = spec_.name;
    taken.state = stopped() ? "stopped" : stopping() ? "draining" : "serving";
    if (binding() != nullptr) {
        taken.protocol = binding()->protocol_name();
        taken.generation = binding()->generation_number();
    }
    taken.connections = connections_.size();
    const Connections::Counters& counters = connections_.counters();
    taken.opened = counters.opened;
    taken.failed = counters.failed + failed_factories_;
    taken.received = counters.traffic.received;
    taken.sent = counters.traffic.sent;
    taken.last_error = connections_.last_error();
    connections_.each([&](const net::Transport& transport) {
        if (transport.factory() != binding().get()) ++taken.old_connections;
        taken.received += transport.traffic().received;
        taken.sent += transport.traffic().sent;
    });
    connections_.tls_failures().describe(taken);
    if (current_.services != nullptr) taken.plugin_addresses = current_.services->addresses();
    describe(taken);
    return taken;
}

void Unit::append_connections(std::vector<ConnectionSnapshot>& to) {
    connections_.each([&](net::Transport& transport) {
        ConnectionSnapshot& taken = to.emplace_back();
        taken.id = id_of(transport);
        taken.unit = spec_.name;
        taken.role = role_name(transport.role());
        taken.peer = transport.peer_text();
        taken.state = transport.is_closing() ? "closing" : "open";
        taken.generation = generation_of(transport);
        taken.age = transport.age();
        taken.received = transport.traffic().received;
        taken.sent = transport.traffic().sent;
        taken.write_buffer = transport.get_write_buffer_size();
        taken.reading = is_reading(transport);
        taken.reading_paused = !taken.reading && !transport.is_closing() && transport.can_read();
        taken.writing_paused = transport.is_writing_paused();
    });
}

bool Unit::close_connection(const std::string& id, bool abort) {
    net::Transport* found = nullptr;
    connections_.each([&](net::Transport& transport) {
        if (id_of(transport) == id) found = &transport;
    });
    if (found == nullptr) return false;
    abort ? found->abort() : found->close();
    return true;
}

}  // namespace protohost::unit
