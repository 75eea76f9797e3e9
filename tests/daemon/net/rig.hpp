// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/net/acceptor.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/stream_transport.hpp"

#include <protohost/abi.h>

namespace protohost::net::testing {

/// A protocol that writes down what happens to it, and does what the test says on each callback.
class Recorder {
public:
    explicit Recorder(bool buffered = false);

    ph_proto proto() { return {reinterpret_cast<const ph_any_ops*>(&ops_), this}; }

    /// "made", "data:abc", "eof", "pause", "resume", "lost", "lost:104", "drain", "destroy".
    std::vector<std::string> events;
    std::string received;
    StreamTransport* transport = nullptr;  ///< set before connection_made

    /// Called with the event's name ("data", ...); a status below zero is the callback's answer.
    std::function<ph_status(std::string_view event)> on;
    bool keep_open_at_eof = false;
    bool keep_open_at_drain = false;
    std::size_t buffer_size = 4096;

    std::size_t count(std::string_view event) const;

private:
    ph_status happened(std::string_view name, const std::string& event);

    template <auto Member, class... Args>
    static ph_status forward(void* self, Args... args);
    ph_status made(ph_transport* handle);
    ph_status lost(const ph_error* why);
    ph_status paused() { return happened("pause", "pause"); }
    ph_status resumed() { return happened("resume", "resume"); }
    ph_status data(const void* bytes, std::size_t size);
    ph_status lend(std::int64_t hint, void** bytes, std::size_t* size);
    ph_status updated(std::size_t size);
    ph_status eof(std::int32_t* keep_open);
    ph_status drained(std::uint64_t deadline, std::int32_t* keep_open);
    static void destroyed(void* self);

    ph_stream_ops ops_{};
    std::string buffer_;
};

/// What a transport under test is made of.
enum class Medium {
    tcp,          ///< over loopback
    socket_pair,  ///< two unnamed UNIX sockets
    read_pipe,    ///< the transport reads and the peer writes
    write_pipe
};

/// Two ends of a new connection, ours non-blocking, with little room between them.
struct Pair {
    base::Descriptor server;
    SocketAddress peer;
    base::Descriptor client;
};
Pair connected_pair(Medium medium);

/// The other end: a plain blocking descriptor.
class Peer {
public:
    explicit Peer(int fd) : socket_(fd) {}

    int fd() const { return socket_.get(); }
    void send(std::string_view text);
    /// What one recv brings; "" at the end of the stream.
    std::string receive(std::size_t size = 65536);
    std::string receive_all();
    /// What is there now; "" also where there is nothing.
    std::string receive_ready();
    void shut_down();
    void close() { socket_.close(); }
    /// Closes with RST.
    void reset();

private:
    base::Descriptor socket_;
};

/// A loop, and connections over real sockets. Its end is the end of the connections: declare the
/// recorders first.
class Rig final : private TransportOwner {
public:
    Rig();
    ~Rig();

    struct Connection {
        Peer peer;
        StreamTransport* transport;
    };
    /// A transport that serves `recorder`, already started, and its peer.
    Connection connect(Recorder& recorder, model::WriteBuffer limits = {}) {
        return connect(Medium::tcp, recorder, {limits});
    }
    Connection connect(Medium medium, Recorder& recorder, const TransportSettings& settings = {});
    /// The same over a descriptor that the test has made.
    StreamTransport* serve(base::Descriptor descriptor,
                           PeerName peer,
                           Channel channel,
                           Recorder& recorder,
                           const TransportSettings& settings = {});

    /// For transports that a test makes itself: who owns them, and takes them over before they
    /// start.
    TransportOwner& owner() { return *this; }
    void adopt(std::unique_ptr<Transport> transport) {
        transports_.push_back(*transport.release());
    }

    /// Runs the loop until `done`; fails the test after ten seconds.
    void run_until(const std::function<bool()>& done);
    /// The same, while the peer takes what comes, which is returned.
    std::string run_reading(Peer& peer, const std::function<bool()>& done);
    /// Runs what is ready now and nothing more.
    void run_ready();
    /// True when the loop has nothing to do: it would sleep.
    bool idle();

    /// Writes until the kernel refuses, so that the queue is not empty.
    static void fill(StreamTransport& transport);

    Loop loop;
    std::vector<std::string> failures;  ///< "data_received: text"
    unsigned limits_reached = 0;
    WriteLimit last_limit = WriteLimit::connection;
    std::vector<std::string> timeouts;  ///< "idle for 100ms (timeouts.idle)"
    unsigned ends = 0;

private:
    void callback_failed(Transport&, std::string_view callback, std::string_view text) override;
    void limit_reached(Transport&, std::size_t, WriteLimit limit) override {
        ++limits_reached;
        last_limit = limit;
    }
    void timed_out(Transport&, std::string_view text) override { timeouts.emplace_back(text); }
    void ended(Transport& transport) override;

    Transports transports_;
};

}  // namespace protohost::net::testing
