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
#include "daemon/net/transport.hpp"
#include "daemon/net/write_limits.hpp"
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
class StreamTransport final : public Transport, public GatherOwner, public Task {
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

    void start(ph_proto protocol) override;
    void drain(std::uint64_t deadline) override;

    void close() override;
    void abort() override;
    bool is_closing() const override { return closing_; }
    ph_status get_extra_info(std::string_view name, ph_info& info) override;
    ph_status set_protocol(ph_proto next) override;
    ph_proto get_protocol() const override { return protocol_; }
    void retune(const TransportSettings& settings) override;
    void hand_over(ph_proto next, std::shared_ptr<void> factory) override;
    bool is_writing_paused() const override { return paused_writing_; }
    int loss_errno() const override { return loss_ != nullptr ? loss_->os_errno : 0; }
    const void* factory() const override { return factory_.get(); }

    void pause_reading() override;
    void resume_reading() override;
    bool is_reading() const override {
        return reads() && !paused_reading_ && !closing_ && sendfile_ == nullptr;
    }

    ph_status write(const void* data, std::size_t size) override;
    ph_status writelines(const ph_iov* pieces, std::size_t count) override;
    ph_status write_owned(ph_iov data, ph_fn release, void* arg) override;
    ph_status write_eof() override;
    bool can_write_eof() const override { return writes(); }
    ph_status set_write_buffer_limits(std::int64_t high, std::int64_t low) override;
    void get_write_buffer_limits(std::size_t& low, std::size_t& high) const override;
    std::size_t get_write_buffer_size() override;
    ph_status sendfile(int fd, std::uint64_t offset, std::uint64_t count, FileSent&& done) override;
    std::uint64_t cancel_sendfile() override;

    ph_ref ref() const override { return reference_; }

    std::string peer_text() const override { return peer_.label(); }
    SocketAddress peer_address() const override { return peer_.address(); }

private:
    class IdleTimeout;
    class StallTimeout;
    class Sendfile;

    /// Why the connection ended; absent: in order.
    struct Loss {
        ph_status code;
        int os_errno;
        std::string text;
    };

    void on_events(std::uint32_t events) override;
    void flush_gathered() override;
    void run() override;  ///< the scheduled end

    bool reads() const { return channel_ != Channel::write_pipe; }
    bool writes() const { return channel_ != Channel::read_pipe; }

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

    /// Bytes went to the protocol, or to the kernel.
    void count_received(ssize_t size);
    void count_sent(std::size_t size);
    void timed_out(std::string text);

    void arm_timeouts(const TransportSettings& settings);

    /// PH_OK, or why nothing more is written; counts what is dropped.
    ph_status check_writable(std::size_t size);
    /// PH_OK while it lives; else what a write answers that has found the loss.
    ph_status loss_status() const;
    /// Whether the loop's budget lets a write of `size` bytes begin, or keep what the kernel
    /// refused.
    bool admits(std::size_t size) const;
    bool keeps(std::size_t size) const;
    /// Whether a hard limit forbids `size` more bytes, and what follows from that.
    bool passes_limit(std::size_t size);
    void over_limit(std::size_t size, WriteLimit limit);
    /// Sends what was gathered and then `data`. Returns how much of `data` was taken; what is left
    /// of the rest is queued.
    std::size_t send_now(ph_iov data);
    void queue_copy(const void* data, std::size_t size);
    void cannot_keep(std::size_t size);
    void written();
    /// Calls a flow control callback, which a protocol need not have.
    void tell(std::string_view callback, ph_status (*function)(void* self));
    void pause_if_over();
    void resume_if_under();
    void shut_down_writing();

    /// Sends the next piece of the file, where nothing is before it.
    void push_file();
    void end_file(ph_status status, int os_errno);
    /// Tells whoever waits for the file, because the connection has ended.
    void abandon_file();
    /// Whether something waits until the peer takes more.
    bool waits_for_peer() const;
    /// Bytes taken, or -errno. A signal is as good as a full buffer: what is left waits.
    static ssize_t send_pieces(int fd, Channel channel, std::span<iovec> pieces);

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
    TransportOwner& owner_;
    ph_proto protocol_{};
    base::Descriptor socket_;
    std::uint32_t interest_ = 0;  ///< what the epoll set believes
    Channel channel_;
    bool watches_reader_ : 1;    ///< a write pipe that hears of it when nobody reads any more
    bool buffered_ : 1 = false;  ///< the protocol brings its own receive buffer
    bool dispatching_ : 1 = false;
    bool started_ : 1 = false;
    bool paused_reading_ : 1 = false;
    bool paused_writing_ : 1 = false;
    bool eof_received_ : 1 = false;
    bool eof_untold_ : 1 = false;  ///< of a pipe: connection_lost follows directly
    bool eof_requested_ : 1 = false;
    bool eof_sent_ : 1 = false;
    bool closing_ : 1 = false;
    bool lost_ : 1 = false;
    bool drain_asked_ : 1 = false;
    bool limit_reported_ : 1 = false;
    std::size_t gathered_ = 0;
    WriteQueue queue_;
    WriteLimits limits_;
    std::unique_ptr<Loss> loss_;
    // Where the unit has them.
    std::unique_ptr<IdleTimeout> idle_;
    std::unique_ptr<StallTimeout> stall_;
    std::unique_ptr<Sendfile> sendfile_;  ///< while there is one
    ph_ref reference_;
    PeerName peer_;
};
// There is one for each idle connection.
static_assert(sizeof(StreamTransport) <= 312);

}  // namespace protohost::net
