// SPDX-License-Identifier: MIT
#include "tests/daemon/net/rig.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>

namespace protohost::net::testing {

template <auto Member, class... Args>
ph_status Recorder::forward(void* self, Args... args) {
    return (static_cast<Recorder*>(self)->*Member)(args...);
}

Recorder::Recorder(bool buffered) {
    ops_.size = sizeof ops_;
    ops_.kind = PH_STREAM;
    ops_.connection_made = forward<&Recorder::made>;
    ops_.connection_lost = forward<&Recorder::lost>;
    ops_.pause_writing = forward<&Recorder::paused>;
    ops_.resume_writing = forward<&Recorder::resumed>;
    ops_.destroy = destroyed;
    if (buffered) {
        ops_.get_buffer = forward<&Recorder::lend>;
        ops_.buffer_updated = forward<&Recorder::updated>;
    } else {
        ops_.data_received = forward<&Recorder::data>;
    }
    ops_.eof_received = forward<&Recorder::eof>;
    ops_.drain_requested = forward<&Recorder::drained>;
}

ph_status Recorder::happened(std::string_view name, const std::string& event) {
    events.push_back(event);
    return on ? on(name) : PH_OK;
}

std::size_t Recorder::count(std::string_view event) const {
    return static_cast<std::size_t>(std::count(events.begin(), events.end(), event));
}

ph_status Recorder::made(ph_transport* handle) {
    // Compared here: clang-tidy 14 crashes where it follows pointers of an unknown type into
    // EXPECT_EQ.
    EXPECT_TRUE(handle == transport->handle());
    return happened("made", "made");
}

ph_status Recorder::lost(const ph_error* why) {
    if (why == nullptr) return happened("lost", "lost");
    return happened("lost",
                    "lost:" + std::to_string(why->code == PH_E_OS ? why->os_errno : why->code));
}

ph_status Recorder::data(const void* bytes, std::size_t size) {
    const std::string text(static_cast<const char*>(bytes), size);
    received += text;
    return happened("data", "data:" + text);
}

ph_status Recorder::lend(std::int64_t, void** bytes, std::size_t* size) {
    const ph_status status = happened("get_buffer", "get_buffer");
    buffer_.resize(buffer_size);
    *bytes = buffer_.data();
    *size = buffer_.size();
    return status;
}

ph_status Recorder::updated(std::size_t size) {
    received += buffer_.substr(0, size);
    return happened("updated", "updated:" + buffer_.substr(0, size));
}

ph_status Recorder::eof(std::int32_t* keep_open) {
    *keep_open = keep_open_at_eof ? 1 : 0;
    return happened("eof", "eof");
}

ph_status Recorder::drained(std::uint64_t, std::int32_t* keep_open) {
    *keep_open = keep_open_at_drain ? 1 : 0;
    return happened("drain", "drain");
}

void Recorder::destroyed(void* self) {
    static_cast<Recorder*>(self)->happened("destroy", "destroy");
}

void Peer::send(std::string_view text) {
    ASSERT_EQ(::write(fd(), text.data(), text.size()), std::ssize(text));
}

std::string Peer::receive(std::size_t size) {
    std::string text(size, '\0');
    const ssize_t got = ::read(fd(), text.data(), text.size());
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

std::string Peer::receive_ready() {
    const int flags = ::fcntl(fd(), F_GETFL);
    ::fcntl(fd(), F_SETFL, flags | O_NONBLOCK);
    std::string text = receive();
    ::fcntl(fd(), F_SETFL, flags);
    return text;
}

std::string Peer::receive_all() {
    std::string all;
    for (std::string some = receive(); !some.empty(); some = receive()) all += some;
    return all;
}

void Peer::shut_down() {
    ::shutdown(fd(), SHUT_WR);
}

void Peer::reset() {
    const linger now{1, 0};
    ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
}

namespace {

/// Small buffers, so that a test fills them quickly.
constexpr int small = 4096;

Pair tcp_pair() {
    const base::Descriptor listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listening.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listening.get(), 1), 0);
    const SocketAddress where = SocketAddress::local_of(listening.get());
    Pair pair;
    pair.client = base::Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    // Set before the window is negotiated.
    ::setsockopt(pair.client.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    EXPECT_EQ(::connect(pair.client.get(), where.data(), where.size()), 0);
    pair.server = base::Descriptor(::accept4(
        listening.get(), pair.peer.data(), pair.peer.size_to_fill(), SOCK_NONBLOCK | SOCK_CLOEXEC));
    const int on = 1;
    ::setsockopt(pair.server.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(pair.server.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    return pair;
}

Pair socket_pair() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    Pair pair;
    pair.server = base::Descriptor(ends[0]);
    pair.client = base::Descriptor(ends[1]);
    pair.peer = SocketAddress::peer_of(ends[0]);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    return pair;
}

Pair pipe_pair(Medium medium) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    ::fcntl(ends[0], F_SETPIPE_SZ, small);
    if (medium == Medium::write_pipe) std::swap(ends[0], ends[1]);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    Pair pair;
    pair.server = base::Descriptor(ends[0]);
    pair.client = base::Descriptor(ends[1]);
    return pair;
}

Channel channel_of(Medium medium) {
    if (medium == Medium::read_pipe) return Channel::read_pipe;
    return medium == Medium::write_pipe ? Channel::write_pipe : Channel::socket;
}

}  // namespace

Pair connected_pair(Medium medium) {
    if (medium == Medium::tcp) return tcp_pair();
    return medium == Medium::socket_pair ? socket_pair() : pipe_pair(medium);
}

Rig::Rig() {
    // As the daemon does: of a pipe, there is no other way to be told in an error code.
    std::signal(SIGPIPE, SIG_IGN);
}

Rig::~Rig() {
    for (auto& transport : transports_) transport.abort();
    run_until([this] { return transports_.empty(); });
    run_ready();
}

Rig::Connection Rig::connect(Medium medium, Recorder& recorder, const TransportSettings& settings) {
    Pair pair = connected_pair(medium);
    EXPECT_TRUE(pair.server);
    StreamTransport* const transport =
        serve(std::move(pair.server), pair.peer, channel_of(medium), recorder, settings);
    return {Peer(std::exchange(pair.client, {}).release()), transport};
}

StreamTransport* Rig::serve(base::Descriptor descriptor,
                            PeerName peer,
                            Channel channel,
                            Recorder& recorder,
                            const TransportSettings& settings) {
    TransportOwner& owner = *this;
    auto* const transport = new StreamTransport(loop,
                                                std::move(descriptor),
                                                std::move(peer),
                                                settings,
                                                owner,
                                                std::shared_ptr<void>(),
                                                channel);
    transports_.push_back(*transport);
    recorder.transport = transport;
    transport->start(recorder.proto());
    return transport;
}

void Rig::run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done()) {
        loop.run_once(deadline);
        ASSERT_LT(std::chrono::steady_clock::now(), deadline)
            << "what was waited for did not happen";
    }
}

std::string Rig::run_reading(Peer& peer, const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    std::string all = peer.receive_ready();
    while (!done() && std::chrono::steady_clock::now() < deadline) {
        loop.run_once(std::chrono::milliseconds(1));
        all += peer.receive_ready();
    }
    EXPECT_TRUE(done()) << "what was waited for did not happen";
    return all;
}

void Rig::run_ready() {
    loop.run_ready();
}

bool Rig::idle() {
    run_ready();
    return !loop.run_once(std::chrono::milliseconds(20));
}

void Rig::fill(StreamTransport& transport) {
    const std::string block(4096, 'f');
    while (transport.get_write_buffer_size() == 0 && !transport.is_closing()) {
        transport.write(block.data(), block.size());
    }
}

void Rig::callback_failed(Transport&, std::string_view callback, std::string_view text) {
    failures.push_back(std::string(callback) + ": " + std::string(text));
}

void Rig::ended(Transport& transport) {
    ++ends;
    transports_.erase(transports_.iterator_to(transport));
    loop.retire(std::unique_ptr<EventSink>(&transport));
}

}  // namespace protohost::net::testing
