// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "daemon/model/address.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/datagram_socket.hpp"
#include "daemon/net/datagram_transport.hpp"
#include "daemon/net/socket_address.hpp"
#include "tests/daemon/net/rig.hpp"

#include <protohost/abi.h>

namespace protohost::net::testing {

/// A datagram protocol that writes down what happens to it, and does what the test says on each
/// callback.
class DatagramRecorder {
public:
    DatagramRecorder();

    ph_proto proto() { return {reinterpret_cast<const ph_any_ops*>(&ops_), this}; }

    /// "made", "data:abc", "error:90", "pause", "resume", "lost", "lost:-11", "drain", "destroy".
    std::vector<std::string> events;
    std::vector<std::string> received;
    std::vector<SocketAddress> senders;       ///< of what was received
    std::vector<std::string> error_texts;     ///< of error_received
    std::vector<SocketAddress> destinations;  ///< of what error_received was told
    DatagramTransport* transport = nullptr;   ///< set before connection_made

    /// Called with the event's name ("data", ...); a status below zero is the callback's answer.
    std::function<ph_status(std::string_view event)> on;
    bool keep_open_at_drain = false;

    std::size_t count(std::string_view event) const;

private:
    ph_status happened(std::string_view name, const std::string& event);

    template <auto Member, class... Args>
    static ph_status forward(void* self, Args... args);
    ph_status made(ph_transport* handle);
    ph_status lost(const ph_error* why);
    ph_status paused() { return happened("pause", "pause"); }
    ph_status resumed() { return happened("resume", "resume"); }
    ph_status data(const void* bytes, std::size_t size, ph_addr from);
    ph_status error(const ph_error* why, ph_addr destination);
    ph_status drained(std::uint64_t deadline, std::int32_t* keep_open);
    static void destroyed(void* self);

    ph_datagram_ops ops_{};
};

/// The other end: a plain socket with an address, which blocks for ten seconds at most.
class DatagramPeer {
public:
    /// On 127.0.0.1, on ::1, with an abstract UNIX name.
    enum class Kind { v4, v6, local };
    explicit DatagramPeer(Kind kind = Kind::v4);
    explicit DatagramPeer(base::Descriptor socket);

    int fd() const { return socket_.get(); }
    const SocketAddress& address() const { return address_; }
    void send(std::string_view text, const SocketAddress& to);
    /// One datagram, and who it is from; nullopt: none came.
    std::optional<std::string> receive();
    /// What is there already.
    std::vector<std::string> receive_waiting();
    const SocketAddress& last_sender() const { return sender_; }
    void close() { socket_.close(); }

private:
    std::optional<std::string> receive(int flags);

    base::Descriptor socket_;
    SocketAddress address_;
    SocketAddress sender_;
};

/// udp://HOST:0, and the like.
model::Address udp(const std::string& host = "127.0.0.1", std::uint16_t port = 0);
model::Address udp(const SocketAddress& address);
model::Address unixgram(const std::string& path);
model::Address unixgram_abstract(const std::string& name);

/// Opened, or the test fails.
DatagramSocket bound(const model::Address& local, const model::SocketSettings& settings = {});
DatagramSocket connected(const SocketAddress& remote);
/// One end of a pair of unnamed UNIX sockets; the other is `peer`. Both take few and small
/// datagrams.
struct DatagramPair {
    DatagramSocket ours;
    DatagramPeer peer;
};
DatagramPair socket_pair();

/// A transport in `rig` that serves `recorder`, already started.
DatagramTransport& serve(Rig& rig,
                         DatagramRecorder& recorder,
                         DatagramSocket socket,
                         model::WriteBuffer limits = {});

SocketAddress local_of(DatagramTransport& transport);

/// As a plugin sends; to nobody is to the remote.
ph_status send_by(DatagramTransport& transport, std::string_view text);
ph_status send_by(DatagramTransport& transport, std::string_view text, const SocketAddress& to);

}  // namespace protohost::net::testing
