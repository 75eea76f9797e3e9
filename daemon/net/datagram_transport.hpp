// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "daemon/net/datagram_buffers.hpp"
#include "daemon/net/datagram_queue.hpp"
#include "daemon/net/datagram_socket.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/protocol_transport.hpp"
#include "daemon/net/socket_address.hpp"
#include "daemon/net/timer.hpp"
#include "daemon/net/transport.hpp"

#include <protohost/abi.h>

namespace protohost::net {

/// asyncio's DatagramTransport over an open datagram socket: UDP, or datagrams between UNIX
/// sockets.
///
///     open --close()--> closing (flushes) --> lost (connection_lost is scheduled) --> ended
///          --abort(), over the limit--------> lost
///
/// Receiving: one batch for each event, in order, straight to the protocol; what is left of a batch
/// when the protocol pauses is kept and comes first after it resumes. Sending: what the callbacks
/// of one batch send is gathered in the loop's scratch and sent after them; what the kernel refuses
/// waits in a queue. Sizes, pauses and what abort() drops are as if each had been sent at once.
///
/// What a callback throws is told to the owner, and what the kernel rejects to the protocol:
/// neither ends the transport.
class DatagramTransport final : public ProtocolTransport, private DatagramSender, private Task {
public:
    /// `factory` lives as long as this does: it is what holds the protocol's code.
    DatagramTransport(Loop& loop,
                      DatagramSocket socket,
                      const TransportSettings& settings,
                      TransportOwner& owner,
                      std::shared_ptr<void> factory);

    void start(ph_proto protocol) override;
    void drain(std::uint64_t deadline) override;

    void close() override;
    void abort() override;
    ph_status get_extra_info(std::string_view name, ph_info& info) override;

    const DatagramSocket& socket() const { return socket_; }
    /// abort(), but for the socket, which stays open for another.
    DatagramSocket release_socket();

    void pause_reading() override;
    void resume_reading() override;
    bool is_reading() const override { return !paused_reading_ && !closing_; }

    ph_status sendto(const void* data, std::size_t size, ph_addr to) override;
    ph_status set_write_buffer_limits(std::int64_t high, std::int64_t low) override;
    void get_write_buffer_limits(std::size_t& low, std::size_t& high) const override;
    /// With DatagramQueue::overhead for each datagram.
    std::size_t get_write_buffer_size() override;

    // A datagram has one way out, and no end.
    ph_status write(const void*, std::size_t) override { return PH_E_UNSUPPORTED; }
    ph_status writelines(const ph_iov*, std::size_t) override { return PH_E_UNSUPPORTED; }
    ph_status write_owned(ph_iov data, ph_fn release, void* arg) override;
    ph_status write_eof() override { return PH_E_UNSUPPORTED; }
    bool can_write_eof() const override { return false; }

    /// The remote where there is one, else its own address: "127.0.0.1:9999".
    std::string peer_text() const override;
    int descriptor() const override { return socket_.descriptor.get(); }
    SocketAddress peer_address() const override { return socket_.remote; }

private:
    /// What error_received has not been told yet.
    struct Failure {
        int os_errno;
        SocketAddress destination;
    };

    void on_events(std::uint32_t events) override;
    void send_gathered(std::span<const Datagram> datagrams) override;
    void run() override;

    bool suits(ph_proto next) const override;
    void callback_failed(std::string_view callback, ph_status status) override;
    std::size_t waiting() const override { return queue_.size(); }
    void sync_interest() override;
    void lose(std::unique_ptr<Loss> loss) override;
    void close_descriptor() override;

    void on_readable();
    void deliver(const Datagram& datagram);
    void deliver_kept();
    void keep_rest(std::size_t from, std::size_t count);

    /// Puts the remote in where it belongs; PH_E_INVAL where nothing can be sent to `to`.
    ph_status resolve_destination(ph_addr& to) const;
    /// Whether a hard limit forbids a datagram of `size` bytes, and what follows from that.
    bool passes_limit(std::size_t size);
    void flush_gathered();
    /// Now what the kernel takes, later what it refuses.
    void send(std::span<const Datagram> datagrams);
    void enqueue(const Datagram& datagram);
    void on_writable();
    /// Off the epoll set for a while, which says that it is writable, and it is not.
    void back_off();

    void failed(int os_errno, const SocketAddress& destination);
    void failed_to_send(int os_errno, const Datagram& datagram);
    void tell_failures();

    void schedule();

    const ph_datagram_ops& ops() const {
        return *reinterpret_cast<const ph_datagram_ops*>(protocol_.ops);
    }

    DatagramSocket socket_;
    SocketAddress local_;
    std::uint32_t interest_ = 0;  ///< what the epoll set believes
    bool telling_ = false;
    std::size_t gathered_ = 0;  ///< the cost of what is in the loop's scratch
    DatagramQueue queue_;       ///< to be sent
    DatagramQueue kept_;        ///< to be delivered
    std::vector<Failure> failures_;
    /// A UNIX socket is always writable, also when the one it sends to is full.
    Timer retry_;
    std::chrono::milliseconds retry_delay_{0};
};

}  // namespace protohost::net
