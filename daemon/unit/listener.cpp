// SPDX-License-Identifier: MIT
#include "daemon/unit/listener.hpp"

#include <cstring>
#include <iterator>
#include <set>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/base/log_events.hpp"

namespace protohost::unit {

namespace events = base::events;

Listener::Listener(const Shared& shared,
                   const model::ListenerSpec& spec,
                   std::shared_ptr<Binding> binding)
    : Unit(shared, spec, "listener " + spec.name, std::move(binding)),
      definition_(spec),
      sources_(spec.limits.per_source),
      greetings_(shared.loop, title()),
      handshakes_(shared.loop, connections_.tls_failures()) {}

Listener::~Listener() {
    close();
}

base::Errors Listener::bind() {
    base::Errors errors;
    for (std::size_t i = 0; i < definition_.listen.size(); ++i) {
        const auto& address = definition_.listen[i];
        const std::string where =
            model::to_string(address.place, "listeners." + spec_.name + ".listen");
        auto opened = net::Acceptor::bind(shared_.loop, address.value, definition_.socket, where);
        if (!opened) {
            base::append(errors, opened.error());
            continue;
        }
        acceptors_[socket_key(definition_, i)] = std::move(*opened);
    }
    if (!errors.empty()) close();
    return errors;
}

void Listener::open() {
    for (auto& [key, acceptors] : acceptors_) begin(acceptors);
}

void Listener::begin(Acceptors& acceptors) {
    for (auto& acceptor : acceptors) {
        log_.info(binding()->about(events::listening),
                  "listening on {} with protocol {}",
                  acceptor->local().uri(),
                  binding()->protocol_name());
        acceptor->start(*this);
    }
}

void Listener::close() {
    for (auto& [key, acceptors] : acceptors_) net::Acceptor::retire(shared_.loop, acceptors);
    acceptors_.clear();
    handshakes_.each_peer([this](const net::SocketAddress& peer) {
        --accepted_;
        sources_.left(peer);
    });
    handshakes_.stop_all();
    accepted_ -= greetings_.size();
    greetings_.stop_all();
}

std::string Listener::socket_key(const model::ListenerSpec& spec, std::size_t entry) {
    const model::Address address = model::canonical(spec.listen[entry].value);
    std::string key = model::to_string(address);
    const bool any_port = address.kind == model::Address::Kind::tcp && address.port == 0;
    // Many may have the same text: each knows its own, by what comes before it in its list.
    if (any_port || spec.socket.reuse_port) {
        std::size_t same = 0;
        for (std::size_t i = 0; i < entry; ++i) {
            if (model::canonical(spec.listen[i].value) == address) ++same;
        }
        key += base::format(" of {}, {}", spec.name, same);
    }
    return key;
}

void Listener::release(const model::ListenerSpec& spec, SocketTable& released) {
    std::set<std::string> wanted;
    for (std::size_t i = 0; i < spec.listen.size(); ++i) wanted.insert(socket_key(spec, i));
    for (auto entry = acceptors_.begin(); entry != acceptors_.end();) {
        auto next = std::next(entry);
        if (!wanted.contains(entry->first)) {
            auto taken = acceptors_.extract(entry);
            released[taken.key()] = {std::move(taken.mapped()), definition_.socket};
        }
        entry = next;
    }
}

void Listener::apply(const model::ListenerSpec& spec, SocketTable& opened) {
    const model::SocketSettings former = std::move(definition_.socket);
    if (definition_.limits.per_source != spec.limits.per_source) count_sources(spec.limits);
    definition_ = spec;
    Unit::retune(spec);
    if (former != spec.socket) each([&](net::Acceptor& acceptor) { retune(acceptor, former); });
    if (!wants_sockets()) return;
    for (std::size_t i = 0; i < spec.listen.size(); ++i) {
        auto taken = opened.extract(socket_key(spec, i));
        if (taken.empty()) continue;
        Acceptors& added = acceptors_[taken.key()] = std::move(taken.mapped().acceptors);
        // It may come from a listener with other settings.
        for (auto& acceptor : added) retune(*acceptor, taken.mapped().settings);
        if (serving()) begin(added);
    }
    pause_or_resume();
}

void Listener::collect_sockets(std::set<std::string>& keys) const {
    for (const auto& entry : acceptors_) keys.insert(entry.first);
}

void Listener::collect_bound(std::vector<BoundSocket>& bound) const {
    for (std::size_t i = 0; i < definition_.listen.size(); ++i) {
        if (model::is_passed(definition_.listen[i].value)) continue;
        const auto found = acceptors_.find(socket_key(definition_, i));
        if (found == acceptors_.end()) continue;
        for (const auto& acceptor : found->second) {
            bound.push_back({spec_.name, found->first, acceptor->descriptor(), acceptor->file()});
        }
    }
}

void Listener::count_sources(const model::Limits& limits) {
    sources_ = SourceLimit(limits.per_source);
    connections_.each([&](const net::Transport& transport) {
        if (transport.role() == net::Role::accepted) sources_.count(transport.peer_address());
    });
    handshakes_.each_peer([this](const net::SocketAddress& peer) { sources_.count(peer); });
}

void Listener::retune(net::Acceptor& acceptor, const model::SocketSettings& former) {
    for (const std::string& problem : acceptor.retune(definition_.socket, former)) {
        log_.error({}, "{}: {}; it keeps what it had", acceptor.local().uri(), problem);
    }
}

void Listener::pause_or_resume() {
    each([&](net::Acceptor& acceptor) { full() ? acceptor.pause() : acceptor.resume(); });
}

void Listener::accepted(base::Descriptor socket, const net::SocketAddress& peer) {
    const auto& proxy = definition_.proxy_protocol;
    if (proxy ? !trusts(*proxy, peer) : !admits(peer)) return;
    ++accepted_;
    if (full()) pause_or_resume();
    if (!proxy) return secure_or_serve({std::move(socket), peer});
    greetings_.begin(
        std::move(socket),
        peer,
        proxy->timeout,
        [this](base::Descriptor greeted, std::optional<Greetings::Client> client) {
            if (!client || !admits(client->peer)) return one_less();
            secure_or_serve({std::move(greeted), client->peer, {}, std::move(client->reached)});
        });
}

bool Listener::trusts(const model::ProxyProtocol& proxy, const net::SocketAddress& balancer) {
    if (Greetings::is_trusted(proxy, balancer)) return true;
    ++refused_;
    if (log_.enabled(base::Level::debug)) {
        tell_refused(balancer, "proxy_protocol.trusted does not name it");
    }
    return false;
}

bool Listener::admits(const net::SocketAddress& peer) {
    if (sources_.admit(peer)) return true;
    ++refused_;
    if (log_.enabled(base::Level::debug)) {
        tell_refused(peer, base::format("over limits.per_source ({})", spec_.limits.per_source));
    }
    return false;
}

void Listener::tell_refused(const net::SocketAddress& peer, std::string_view why) const {
    const std::string label = peer.label();
    log_.debug({.connection = label}, "connection from {} closed: {}", label, why);
}

void Listener::secure_or_serve(Unsecured connection) {
    const bool at_once = tls() != nullptr && tls()->settings().start == model::TlsStart::connection;
    if (!at_once) return serve(std::move(connection), nullptr);
    handshakes_.begin(std::move(connection), {tls()}, [this](Handshakes::Outcome outcome) {
        handshaken(std::move(outcome));
    });
}

void Listener::handshaken(Handshakes::Outcome outcome) {
    if (outcome.session == nullptr) return left(outcome.connection.peer);
    serve(std::move(outcome.connection), std::move(outcome.session));
}

void Listener::serve(Unsecured connection, std::unique_ptr<net::TlsSession> session) {
    ph_proto protocol{};
    if (const ph_status status = make_protocol(protocol); status < 0) {
        protocol_failed("connection from " + connection.peer.label(), status);
        return left(connection.peer);
    }
    net::PeerName peer = connection.reached != nullptr
                             ? net::PeerName(connection.peer, *connection.reached)
                             : net::PeerName(connection.peer);
    connections_.adopt(
        connections_.make_stream(
            std::move(connection.socket), std::move(peer), std::move(session), binding()),
        net::Role::accepted,
        protocol);
}

void Listener::left(const net::SocketAddress& peer) {
    sources_.left(peer);
    one_less();
}

void Listener::one_less() {
    const bool was_full = full();
    --accepted_;
    if (was_full && !full()) pause_or_resume();
}

void Listener::connection_ended(const net::Transport& transport) {
    if (transport.role() == net::Role::accepted) {
        left(transport.peer_address());
    }
    Unit::connection_ended(transport);
}

void Listener::describe(UnitSnapshot& snapshot) const {
    snapshot.section = "listeners";
    snapshot.refused = refused_;
    for (const auto& [key, acceptors] : acceptors_) {
        for (const auto& acceptor : acceptors) {
            snapshot.addresses.push_back(acceptor->local().uri());
        }
    }
}

void Listener::accepting_suspended(int os_errno) {
    log_.error({.id = events::not_accepting},
               "not accepting: {}; clients wait in the queue until resources are free",
               std::strerror(os_errno));
}

void Listener::accepting_resumed(unsigned times) {
    log_.info({}, "accepting again without trouble, after {} pauses", times);
}

}  // namespace protohost::unit
