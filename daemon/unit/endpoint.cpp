// SPDX-License-Identifier: MIT
#include "daemon/unit/endpoint.hpp"

#include <cstring>
#include <string_view>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include "daemon/base/format.hpp"
#include "daemon/base/log_events.hpp"
#include "daemon/base/log_setup.hpp"
#include "daemon/model/quantity.hpp"
#include "daemon/net/datagram_socket.hpp"
#include "daemon/net/datagram_transport.hpp"
#include "daemon/net/handed_over_socket.hpp"
#include "daemon/net/pipe.hpp"
#include "daemon/net/socket_address.hpp"

namespace protohost::unit {

namespace events = base::events;
using Kind = model::EndpointSpec::Kind;

namespace {

/// What was told already is for those who look closer.
base::Level level_of(bool news) {
    return news ? base::Level::warn : base::Level::debug;
}

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
      pause_(shared.loop),
      handshakes_(shared.loop, connections_.tls_failures()) {}

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

base::Result<net::DatagramSocket> Endpoint::open_bound(const model::EndpointSpec& spec,
                                                       net::PassedSockets* passed) {
    const std::string where =
        model::to_string(spec.address.place, "endpoints." + spec.name + ".bind");
    const auto remote = spec.remote ? std::optional(spec.remote->value) : std::nullopt;
    return net::open_datagram_socket({spec.address.value, remote, spec.socket}, where, passed);
}

base::Errors Endpoint::bind() {
    if (definition_.kind != Kind::bind || bound_) return {};
    auto socket = open_bound(definition_);
    if (!socket) return socket.error();
    hold(std::move(*socket));
    return {};
}

void Endpoint::hold(net::DatagramSocket socket) {
    bound_.emplace(std::move(socket));
    const auto local = net::SocketAddress::local_of(bound_->descriptor.get());
    bound_at_ = local.text().empty() ? "" : local.uri(SOCK_DGRAM);
}

std::string Endpoint::socket_key(const model::EndpointSpec& spec) {
    const model::Address address = model::canonical(spec.address.value);
    std::string key = model::to_string(address);
    // A name may be of a listener's sockets as well.
    if (address.kind == model::Address::Kind::systemd) key += ", datagrams";
    if (spec.remote) key += " to " + model::to_string(model::canonical(spec.remote->value));
    // Many may have the same text.
    const bool any_port = address.kind == model::Address::Kind::udp && address.port == 0;
    if (any_port || spec.socket.reuse_port) key += " of " + spec.name;
    return key;
}

void Endpoint::collect_sockets(std::set<std::string>& keys) const {
    if (definition_.kind == Kind::bind && current_ != nullptr) keys.insert(socket_key(definition_));
}

bool Endpoint::is_keepable(const model::EndpointSpec& spec) {
    return spec.kind == Kind::bind && !spec.remote && spec.socket.multicast.empty() &&
           !model::is_passed(spec.address.value);
}

void Endpoint::collect_bound(std::vector<BoundSocket>& bound) const {
    if (!is_keepable(definition_) || current_ == nullptr) return;
    const auto& socket = static_cast<const net::DatagramTransport&>(*current_).socket();
    bound.push_back(
        {spec_.name, socket_key(definition_), socket.descriptor.get(), socket.file.get()});
}

void Endpoint::release(const std::set<std::string>& wanted, SocketTable& released) {
    if (definition_.kind != Kind::bind || current_ == nullptr) return;
    std::string key = socket_key(definition_);
    if (!wanted.contains(key)) return;
    auto& transport = static_cast<net::DatagramTransport&>(*current_);
    released.emplace(std::move(key), OpenSocket{transport.release_socket(), definition_.socket});
}

void Endpoint::open() {
    closed_ = false;
    attempt();
}

void Endpoint::close() {
    closed_ = true;
    withdraw();
}

void Endpoint::withdraw() {
    pause_.cancel();
    connector_.reset();
    handshakes_.stop_all();
    resolution_.reset();
    held_.close();
}

void Endpoint::apply(const model::EndpointSpec& spec,
                     Difference difference,
                     std::optional<OpenSocket> opened) {
    const bool reopens = !definition_.reconnect && spec.reconnect;
    if (spec.reconnect && spec.reconnect != definition_.reconnect) {
        backoff_ = Backoff(*spec.reconnect);
    }
    const model::SocketSettings former = definition_.socket;
    definition_ = spec;
    retune(spec);
    if (!difference.moved && spec.kind == Kind::bind && current_ != nullptr) {
        retune_socket(static_cast<const net::DatagramTransport&>(*current_).socket(), former);
    }
    if (difference.moved) bound_at_.clear();
    if (opened && wants_sockets()) {
        retune_socket(opened->socket, opened->settings);
        hold(std::move(opened->socket));
    }
    if (!serving()) return;
    const bool over = current_ == nullptr && !under_way();
    if (difference.moved || (over && (difference.factory || reopens))) return open_anew();
    // What is under way asks the factory that there is when it is open.
    if (!difference.factory || current_ == nullptr) return;
    reconnects() ? open_anew() : hand_over();
}

std::size_t Endpoint::drained_by(bool factory, bool moved) const {
    const bool anew = moved || (factory && reconnects());
    return anew && current_ != nullptr ? 1 : 0;
}

bool Endpoint::is_handed_over() const {
    return definition_.address.value.kind == model::Address::Kind::descriptor;
}

bool Endpoint::reconnects() const {
    return definition_.kind == Kind::connect && !is_handed_over();
}

bool Endpoint::under_way() const {
    return pause_.running() || connector_ != nullptr || handshakes_.size() != 0 ||
           resolution_.has_value();
}

void Endpoint::open_anew() {
    given_up_.clear();
    failures_.forget_told();
    net::Transport* const former = std::exchange(current_, nullptr);
    withdraw();
    backoff_.reset();
    attempt();
    if (former == nullptr) return;
    connections_.drain({&former, 1}, std::chrono::steady_clock::now() + spec_.timeouts.drain);
}

void Endpoint::retune_socket(const net::DatagramSocket& socket,
                             const model::SocketSettings& former) {
    if (former == definition_.socket || !socket.descriptor) return;
    for (const std::string& problem : net::retune(socket, definition_.socket, former)) {
        log_.error({}, "{}: {}; it keeps what it had", target(), problem);
    }
}

void Endpoint::hand_over() {
    ph_proto protocol{};
    if (const ph_status status = make_protocol(protocol); status < 0) {
        return protocol_failed(target(), status);
    }
    log_.info(binding()->about(), "{} goes to protocol {}", target(), binding()->protocol_name());
    current_->hand_over(protocol, binding());
}

template <class Make>
void Endpoint::serve(net::Role role, Make&& make, std::unique_ptr<net::SocketFile> file) {
    ph_proto protocol{};
    if (const ph_status status = make_protocol(protocol); status < 0) {
        protocol_failed(target(), status);
        return wait_and_attempt("no protocol");
    }
    opened_at_ = std::chrono::steady_clock::now();
    // A FIFO is opened for each that writes to it: the first time says it all.
    const bool news = role != net::Role::pipe || !opened_once_ || failures_.attempts() > 0;
    log_.log(
        news ? base::Level::info : base::Level::debug,
        binding()->about(events::endpoint_opened),
        "{} {} with protocol {}{}",
        opened_word(role),
        target(),
        binding()->protocol_name(),
        failures_.attempts() > 0 ? base::format(", after {} failures", failures_.attempts()) : "");
    failures_.opened();
    current_ = &connections_.adopt(make(), role, protocol, std::move(file));
    if (!std::exchange(opened_once_, true)) readiness_changed();
}

void Endpoint::attempt() {
    log_.debug({}, "opening {}", target());
    switch (definition_.kind) {
        case Kind::bind:
            // Another unit's, which was to be taken over, has been closed in the meantime.
            if (!bound_) return attempt_failed("its socket is gone: start it again");
            return serve_datagrams(std::move(*std::exchange(bound_, std::nullopt)),
                                   net::Role::bound);
        case Kind::read:
        case Kind::write:
            return open_pipe();
        case Kind::connect:
            break;
    }
    const model::Address& address = definition_.address.value;
    if (model::is_datagram(address)) return connect_datagram();
    if (is_handed_over()) return take_over(address.descriptor);
    connector_ = std::make_unique<net::Connector>(
        shared_.loop,
        shared_.resolver,
        net::ConnectSettings{address, spec_.socket, spec_.timeouts.connect},
        static_cast<net::ConnectorOwner&>(*this));
}

void Endpoint::connect_datagram() {
    std::vector<model::Address> questions{definition_.address.value};
    const auto& local = spec_.socket.local;
    if (local) questions.push_back(local->value);
    resolution_.emplace(
        shared_,
        questions,
        spec_.timeouts.connect,
        [this, with_local = local.has_value()](const OpenError* why, const auto& found) {
            if (why != nullptr) return attempt_failed(why->text);
            open_datagram({with_local ? found.back() : Resolution::Addresses{}, found.front()});
        });
}

void Endpoint::open_datagram(const net::DatagramAddresses& ends) {
    auto socket = net::open_datagram_socket(ends, spec_.socket, {});
    if (socket) return serve_datagrams(std::move(*socket), net::Role::connected);
    attempt_failed(base::to_string(base::Errors(socket.error()).front()));
}

void Endpoint::serve_datagrams(net::DatagramSocket socket, net::Role role) {
    serve(role, [&] {
        return std::make_unique<net::DatagramTransport>(shared_.loop,
                                                        std::move(socket),
                                                        connections_.settings(),
                                                        connections_.transport_owner(),
                                                        binding());
    });
}

void Endpoint::open_pipe() {
    const bool reads = definition_.kind == Kind::read;
    const net::PipeEnd end = reads ? net::PipeEnd::read : net::PipeEnd::write;
    net::OpenedPipe pipe = definition_.descriptor >= 0
                               ? net::copy_pipe(definition_.descriptor, end)
                               : net::open_pipe(definition_.path.value, end);
    if (!pipe.problem.empty()) return attempt_failed(pipe.problem);
    if (reads && definition_.reconnect) held_ = net::hold_fifo(pipe.descriptor.get());
    serve(net::Role::pipe, [&] {
        return connections_.make_pipe(std::move(pipe.descriptor), end, target(), binding());
    });
}

void Endpoint::take_over(int descriptor) {
    auto taken = net::take_connection(descriptor, spec_.socket);
    if (taken) return serve_connection(std::move(*taken));
    attempt_failed(base::to_string(base::Errors(taken.error()).front()));
}

void Endpoint::connected(net::Connector&, net::ConnectedSocket socket) {
    connector_.reset();
    serve_connection(std::move(socket));
}

void Endpoint::serve_connection(net::ConnectedSocket socket) {
    Unsecured connection{std::move(socket.descriptor), socket.peer, std::move(socket.file)};
    const bool at_once = tls() != nullptr && tls()->settings().start == model::TlsStart::connection;
    if (!at_once) return serve_stream(std::move(connection), nullptr);
    handshakes_.begin(std::move(connection), {tls()}, [this](Handshakes::Outcome outcome) {
        if (outcome.session == nullptr) return attempt_failed(failure_text(outcome));
        serve_stream(std::move(outcome.connection), std::move(outcome.session));
    });
}

void Endpoint::serve_stream(Unsecured connection, std::unique_ptr<net::TlsSession> session) {
    const auto make = [&] {
        return connections_.make_stream(
            std::move(connection.socket), connection.peer, std::move(session), binding());
    };
    serve(net::Role::connected, make, std::move(connection.file));
}

void Endpoint::connect_failed(net::Connector&, const net::ConnectError& error) {
    connector_.reset();
    attempt_failed(error.text);
}

void Endpoint::attempt_failed(const std::string& text) {
    auto about = base::place_in(text);
    about.id = events::endpoint_failed;
    log_.log(level_of(failures_.attempt_failed(text)), about, "{}", text);
    wait_and_attempt(text);
}

void Endpoint::wait_and_attempt(const std::string& why) {
    if (closed_) return;
    if (!definition_.reconnect) {
        log_.warn({.id = events::endpoint_failed}, "not opened again: reconnect is never");
        if (!opened_once_) given_up_ = why;
        return readiness_changed();
    }
    const auto pause = backoff_.next();
    log_.debug({},
               "next attempt in {}",
               model::format_duration(std::chrono::ceil<std::chrono::milliseconds>(pause)));
    next_attempt_ = std::chrono::steady_clock::now() + pause;
    pause_.start(next_attempt_, [this] { attempt(); });
}

void Endpoint::describe(UnitSnapshot& snapshot) const {
    snapshot.section = "endpoints";
    snapshot.addresses.push_back(target());
    if (!failures_.last().empty()) snapshot.last_error = failures_.last();
    if (!serving() || current_ != nullptr) return;
    if (pause_.running()) {
        snapshot.state = "waiting";
        snapshot.next_attempt = std::chrono::ceil<std::chrono::milliseconds>(
            next_attempt_ - std::chrono::steady_clock::now());
    } else {
        snapshot.state = given_up_.empty() ? "opening" : "given up";
    }
}

bool Endpoint::worked(const net::Transport& transport) const {
    if (!definition_.reconnect) return true;
    // Of pipes the other end comes and goes as it likes, and all that says is that it was there.
    const net::Traffic& traffic = transport.traffic();
    if (transport.role() == net::Role::pipe && traffic.received + traffic.sent > 0) return true;
    return std::chrono::steady_clock::now() - opened_at_ > definition_.reconnect->max;
}

void Endpoint::connection_ended(const net::Transport& transport) {
    if (&transport == current_) {
        current_ = nullptr;
        // Where the unit itself has stopped, the descriptor is there for the next that has it.
        if (definition_.descriptor >= 0 && !closed_) {
            net::let_go(definition_.descriptor,
                        definition_.kind == Kind::read ? net::PipeEnd::read : net::PipeEnd::write);
        }
        if (worked(transport)) {
            backoff_.reset();
            failures_.worked();
        }
        if (const int os_errno = transport.loss_errno(); os_errno != 0) {
            const auto cause = base::format("{} was lost: {}", target(), std::strerror(os_errno));
            log_.log(
                level_of(failures_.was_lost(cause)), {.id = events::endpoint_lost}, "{}", cause);
        } else {
            log_.debug({}, "{} ended", target());
        }
        if (held_ && net::last_writer_left(held_.get())) {
            attempt();
        } else {
            wait_and_attempt("it ended");
        }
    }
    Unit::connection_ended(transport);
}

}  // namespace protohost::unit
