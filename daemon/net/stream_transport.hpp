// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <boost/intrusive/list.hpp>

#include "daemon/base/descriptor.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/epoll_set.hpp"
#include "daemon/net/gather.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/socket_address.hpp"
#include "daemon/net/transport.hpp"
#include "daemon/net/write_queue.hpp"

#include <protohost/abi.h>

namespace protohost::net {

class StreamTransport;

/// Its place in its owner's list.
using Owned = boost::intrusive::list_base_hook<boost::intrusive::tag<class OwnedTag>>;

/// Whoever holds a stream transport and wants to know what becomes of it. All [loop].
class StreamOwner {
public:
    /// The plugin failed in `callback`; the connection is about to end for it.
    virtual void callback_failed(StreamTransport& transport,
                                 std::string_view callback,
                                 std::string_view text) = 0;

    /// The write buffer would have passed its hard limit. Once for each connection.
    virtual void limit_reached(StreamTransport& transport, std::size_t refused) = 0;

    /// connection_lost has returned and the socket is closed: the last word, destroy it.
    virtual void ended(StreamTransport& transport) = 0;

protected:
    ~StreamOwner() = default;
};

/// asyncio's Transport over a connected stream socket: the whole way of a byte through the daemon.
///
///     open --close()--> closing (flushes) --> lost (connection_lost is scheduled) --> ended
///          --abort(), error-----------------> lost
///
/// Reading: one recv into the loop's buffer for each event, straight to the protocol. Writing: what
/// a callback writes is gathered in the loop's scratch and sent when the callback returns; what the
/// kernel refuses waits in a queue. Sizes, pauses and what abort() drops are as if each write had
/// called send. A connection that is silent owns no buffer.
class StreamTransport final : public EventSink,
                              public Transport,
                              public GatherOwner,
                              public Task,
                              public Owned {
public:
    /// `factory` lives as long as this does: it is what holds the protocol's code.
    StreamTransport(Loop& loop,
                    base::Descriptor socket,
                    const SocketAddress& peer,
                    const model::WriteBuffer& limits,
                    StreamOwner& owner,
                    std::shared_ptr<void> factory);
    ~StreamTransport() override;

    /// Takes over `protocol`, tells it connection_made, and starts to read.
    void start(ph_proto protocol);

    /// drain_requested; then close(), unless the protocol wants to finish by itself.
    void drain(std::uint64_t deadline);

    void close() override;
    void abort() override;
    bool is_closing() const override { return closing_; }
    ph_status get_extra_info(std::string_view name, ph_info& info) override;
    ph_status set_protocol(ph_proto next) override;
    ph_proto get_protocol() const override { return protocol_; }

    void pause_reading() override;
    void resume_reading() override;
    bool is_reading() const override { return !paused_reading_ && !closing_; }

    ph_status write(const void* data, std::size_t size) override;
    ph_status writelines(const ph_iov* pieces, std::size_t count) override;
    ph_status write_owned(ph_iov data, ph_fn release, void* arg) override;
    ph_status write_eof() override;
    bool can_write_eof() const override { return true; }
    ph_status set_write_buffer_limits(std::int64_t high, std::int64_t low) override;
    void get_write_buffer_limits(std::size_t& low, std::size_t& high) const override;
    std::size_t get_write_buffer_size() override;

    ph_ref ref() const override { return reference_; }

    const SocketAddress& peer() const { return peer_; }
    std::uint64_t received_bytes() const { return received_; }
    std::uint64_t sent_bytes() const { return sent_; }
    /// Written by the plugin, and never taken by the kernel because the connection ended.
    std::uint64_t dropped_bytes() const { return dropped_; }

private:
    /// Why the connection ended; absent: in order.
    struct Loss {
        ph_status code;
        int os_errno;
        std::string text;
    };

    void on_events(std::uint32_t events) override;
    void flush_gathered() override;
    void run() override;  ///< the scheduled end

    void on_readable();
    void read_into_protocol();
    void read_for_protocol();
    void received(ssize_t size, int error);
    void on_eof();
    void on_writable();

    /// PH_OK, or why nothing more is written; counts what is dropped.
    ph_status check_writable(std::size_t size);
    /// Whether the hard limit forbids `size` more bytes, and what follows from that.
    bool passes_limit(std::size_t size);
    /// Sends what was gathered and then `data`. Returns how much of `data` was taken; what is left
    /// of the rest is queued.
    std::size_t send_now(ph_iov data);
    void queue_copy(const void* data, std::size_t size);
    void written();
    /// Calls a flow control callback, which a protocol need not have.
    void tell(std::string_view callback, ph_status (*function)(void* self));
    void pause_if_over();
    void resume_if_under();
    void shut_down_writing();

    /// Calls the protocol; false when it failed, which has then ended the connection.
    template <class F>
    bool call(std::string_view callback, F&& function);
    void fail(std::string_view callback, ph_status status);
    void lose(std::unique_ptr<Loss> loss);
    void lose_os(int os_errno);
    void sync_interest();

    const ph_stream_ops& ops() const {
        return *reinterpret_cast<const ph_stream_ops*>(protocol_.ops);
    }
    void use(ph_proto protocol);

    // First, so that it dies last: the code of the protocol goes with it.
    std::shared_ptr<void> factory_;
    Loop& loop_;
    StreamOwner& owner_;
    ph_proto protocol_{};
    base::Descriptor socket_;
    std::uint32_t interest_ = 0;  ///< what the epoll set believes
    bool buffered_ = false;       ///< the protocol brings its own receive buffer
    bool dispatching_ = false;
    bool started_ = false;
    bool paused_reading_ = false;
    bool paused_writing_ = false;
    bool eof_received_ = false;
    bool eof_requested_ = false;
    bool eof_sent_ = false;
    bool closing_ = false;
    bool lost_ = false;
    bool drain_asked_ = false;
    bool limit_reported_ = false;
    std::size_t gathered_ = 0;
    WriteQueue queue_;
    model::WriteBuffer limits_;
    std::uint64_t unit_high_;
    std::uint64_t unit_low_;
    std::uint64_t received_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t dropped_ = 0;
    std::unique_ptr<Loss> loss_;
    ph_ref reference_;
    SocketAddress peer_;
};

using StreamTransports =
    boost::intrusive::list<StreamTransport, boost::intrusive::base_hook<Owned>>;

}  // namespace protohost::net
