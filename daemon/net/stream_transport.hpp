// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <sys/uio.h>

#include "daemon/base/descriptor.hpp"
#include "daemon/net/gather.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/peer_name.hpp"
#include "daemon/net/protocol_transport.hpp"
#include "daemon/net/transport.hpp"
#include "daemon/net/write_queue.hpp"

#include <protohost/abi.h>

namespace protohost::net {

/// What a stream transport reads from and writes to.
enum class Channel : std::uint8_t {
    socket,     ///< both ways
    read_pipe,  ///< the read end of a FIFO, a terminal, a socket of which only that way is used
    write_pipe
};

/// asyncio's Transport over a connected stream socket, its ReadTransport and its WriteTransport
/// over the ends of pipes: the whole way of a byte through the daemon.
///
///     open --close()--> closing (flushes) --> lost (connection_lost is scheduled) --> ended
///          --abort(), error-----------------> lost
///
/// Reading: one recv into the loop's buffer for each event, straight to the protocol. Writing: what
/// a callback writes is gathered in the loop's scratch and sent when the callback returns; what the
/// kernel refuses waits in a queue. Sizes, pauses and what abort() drops are as if each write had
/// called send. A connection that is silent owns no buffer.
///
/// With TLS it is the same transport: what is read and sent goes through a session, and the queue
/// holds what that has not taken yet, as it was written.
class StreamTransport final : public ProtocolTransport, public GatherOwner, public Task {
public:
    /// `factory` lives as long as this does: it is what holds the protocol's code.
    StreamTransport(Loop& loop,
                    base::Descriptor socket,
                    PeerName peer,
                    const TransportSettings& settings,
                    TransportOwner& owner,
                    std::shared_ptr<void> factory,
                    Channel channel = Channel::socket);
    ~StreamTransport() override;

    /// Before start(): it speaks TLS, over the same socket, with a handshake behind it.
    void secure(std::unique_ptr<TlsSession> session);

    void drain(std::uint64_t deadline) override;

    void close() override;
    void abort() override;
    ph_status get_extra_info(std::string_view name, ph_info& info) override;
    void retune(const TransportSettings& settings) override;

    void pause_reading() override;
    void resume_reading() override;
    bool is_reading() const override {
        return reads() && !paused_reading_ && !closing_ && !starting_tls_ && sendfile_ == nullptr;
    }

    ph_status write(const void* data, std::size_t size) override;
    ph_status writelines(const ph_iov* pieces, std::size_t count) override;
    ph_status write_owned(ph_iov data, ph_fn release, void* arg) override;
    ph_status write_eof() override;
    bool can_write_eof() const override;
    ph_status set_write_buffer_limits(std::int64_t high, std::int64_t low) override;
    void get_write_buffer_limits(std::size_t& low, std::size_t& high) const override;
    std::size_t get_write_buffer_size() override;
    ph_status sendfile(int fd, std::uint64_t offset, std::uint64_t count, FileSent&& done) override;
    std::uint64_t cancel_sendfile() override;
    ph_status start_tls(TlsStart&& start, TlsStarted&& done) override;
    void give_tls_context(std::shared_ptr<const TlsContext> context) override;
    void cancel_start_tls() override;
    const TlsSession* tls() const override;

    std::string peer_text() const override { return peer_.label(); }
    int descriptor() const override { return socket_.get(); }
    bool can_read() const override { return reads(); }
    SocketAddress peer_address() const override { return peer_.address(); }

private:
    class IdleTimeout;
    class StallTimeout;
    class Sendfile;
    class Tls;

    void on_events(std::uint32_t events) override;
    void flush_gathered() override;
    void run() override;  ///< the scheduled end, or reading what TLS has already

    void use(ph_proto protocol) override;
    bool suits(ph_proto next) const override;
    void callback_failed(std::string_view callback, ph_status status) override;
    std::size_t waiting() const override { return queue_.size(); }
    void keep_for_what_waits(const std::shared_ptr<void>& former) override { queue_.keep(former); }
    void sync_interest() override;
    void lose(std::unique_ptr<Loss> loss) override;
    void close_descriptor() override;

    bool reads() const { return channel_ != Channel::write_pipe; }
    bool writes() const { return channel_ != Channel::read_pipe; }

    /// Whether it is to hear of what comes, or of who leaves.
    bool wants_input() const {
        if (!started_) return false;
        return (is_reading() && !eof_received_) || watches_reader_ || lingering_;
    }
    /// From here on it waits for `wanted`, for which the set is to watch `after` instead of
    /// `before`.
    void change_interest(std::uint32_t wanted, std::uint32_t before, std::uint32_t after);
    void on_readable();
    void reader_gone();
    ssize_t receive(void* data, std::size_t size);
    void read_into_protocol();
    void read_for_protocol();
    void received(ssize_t size, int error);
    void on_eof();
    /// Whether the protocol wants to go on writing.
    bool tell_eof();
    void on_writable();
    /// What close() and write_eof() wait for, once nothing is left to be sent.
    void flushed();
    /// Of close(), then.
    void end_in_order();

    /// As recv(); what TLS has failed with is said already.
    ssize_t receive_secured(void* data, std::size_t size);
    /// Whether close_notify is on its way; if not, flushed() comes again.
    bool notify_peer(bool closes);
    /// Drops what comes until the peer has answered close_notify.
    void await_peer_notify();
    ph_status get_tls_info(std::string_view name, ph_info& info);

    /// Bytes went to the protocol, or to the kernel.
    void count_received(ssize_t size);
    void count_sent(std::size_t size);
    void timed_out(std::string text);

    void arm_timeouts(const TransportSettings& settings);

    /// PH_OK, or why nothing more is written; counts what is dropped.
    ph_status check_writable(std::size_t size);
    /// Whether `size` bytes may wait that the kernel refused.
    bool keeps(std::size_t size) const;
    /// Whether a hard limit forbids `size` more bytes, and what follows from that.
    bool passes_limit(std::size_t size);
    /// Sends what was gathered and then `data`. Returns how much of `data` was taken; what is left
    /// of the rest is queued.
    std::size_t send_now(ph_iov data);
    void queue_copy(const void* data, std::size_t size);
    void cannot_keep(std::size_t size);
    void written();
    void shut_down_writing();
    /// Whether what is written may go out at once.
    bool sends_directly() const { return queue_.empty() && !starting_tls_; }

    /// Sends the next piece of the file, where nothing is before it.
    void push_file();
    void end_file(ph_status status, int os_errno);
    /// Tells whoever waits for the file, because the connection has ended.
    void abandon_file();
    /// Whether something waits until the peer takes more.
    bool waits_for_peer() const {
        const bool may = !queue_.empty() || notify_waits_ || starting_tls_ || sendfile_ != nullptr;
        return may && something_waits();
    }
    bool something_waits() const;
    /// Bytes taken, or -errno. A signal is as good as a full buffer: what is left waits, and comes
    /// first in the next call.
    ssize_t send(std::span<iovec> pieces);
    ssize_t send_plain(std::span<iovec> pieces);
    /// Of what send() has answered.
    void lose_sending(int os_errno);

    const ph_stream_ops& ops() const {
        return *reinterpret_cast<const ph_stream_ops*>(protocol_.ops);
    }

    base::Descriptor socket_;
    std::uint32_t interest_ = 0;  ///< what it waits for, and but for Tls what the epoll set watches
    Channel channel_;
    bool watches_reader_ : 1;    ///< a write pipe that hears of it when nobody reads any more
    bool buffered_ : 1 = false;  ///< the protocol brings its own receive buffer
    bool eof_received_ : 1 = false;
    bool eof_untold_ : 1 = false;  ///< of a pipe: connection_lost follows directly
    bool eof_requested_ : 1 = false;
    bool eof_sent_ : 1 = false;
    bool starting_tls_ : 1 = false;
    bool notify_waits_ : 1 = false;  ///< close_notify, for a socket that takes nothing now
    bool lingering_ : 1 = false;     ///< awaits the peer's close_notify
    std::size_t gathered_ = 0;
    WriteQueue queue_;
    // Where the unit has them.
    std::unique_ptr<IdleTimeout> idle_;
    std::unique_ptr<StallTimeout> stall_;
    std::unique_ptr<Sendfile> sendfile_;  ///< while there is one
    std::unique_ptr<Tls> tls_;            ///< where it speaks TLS, or is about to
    PeerName peer_;
};
// There is one for each idle connection.
static_assert(sizeof(StreamTransport) <= 320);

}  // namespace protohost::net
