// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>

#include <boost/intrusive/list.hpp>

#include "daemon/model/configuration.hpp"
#include "daemon/net/epoll_set.hpp"
#include "daemon/net/socket_address.hpp"

#include <protohost/abi.h>

namespace protohost::net {

class TlsContext;
class TlsSession;
class Transport;
struct TlsFailure;
struct TlsStart;

/// What a write would have passed.
enum class WriteLimit : std::uint8_t {
    connection,  ///< `write_buffer.limit` of the unit
    daemon       ///< `memory.write_buffers`: what all transports together may have waiting
};

/// Whoever holds transports and wants to know what becomes of them. All [loop].
class TransportOwner {
public:
    /// The plugin failed in `callback`. A stream is about to end for it; a datagram transport
    /// lives.
    virtual void callback_failed(Transport& transport,
                                 std::string_view callback,
                                 std::string_view text) = 0;

    /// What a log calls that callback: "listener echo: 10.0.0.1:4711: plugin echo: data_received".
    virtual std::string name_of(const Transport& /*transport*/, std::string_view callback) const {
        return std::string(callback);
    }

    /// A write of `refused` bytes would have passed a hard limit. Once for each transport.
    virtual void limit_reached(Transport& transport, std::size_t refused, WriteLimit limit) = 0;

    /// One of its timeouts has passed, and it is about to end: "idle for 5m (timeouts.idle)".
    virtual void timed_out(Transport& transport, std::string_view text) = 0;

    /// A start_tls has failed for its peer, and it is about to end.
    virtual void handshake_failed(Transport&, const TlsFailure&) {}

    /// Of a process: it has exited, and its protocol was told. Its pipes may go on.
    virtual void process_exited(Transport&) {}

    /// connection_lost has returned and the descriptor is closed: the last word, retire it.
    virtual void ended(Transport& transport) = 0;

protected:
    ~TransportOwner() = default;
};

/// What a unit says about each of its transports.
struct TransportSettings {
    model::WriteBuffer write_buffer;
    /// No byte in either direction for so long ends the transport with PH_E_TIMEOUT; 0: never.
    std::chrono::nanoseconds idle{0};
    /// Bytes wait, and the peer has taken none for so long: PH_E_TIMEOUT; 0: never.
    std::chrono::nanoseconds write_stall{0};
    /// A process has exited, and others have held its pipes for so long: they are closed; 0: never.
    std::chrono::nanoseconds pipes{0};
    /// What asks a process to end.
    int stop_signal = 15;  // SIGTERM
};

/// Bytes of one transport.
struct Traffic {
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    /// Written by the plugin, and never taken by the kernel because the transport ended.
    std::uint64_t dropped = 0;
};

/// How a transport came to be: what its owner says of it, and what limits count.
enum class Role : std::uint8_t {
    accepted,   ///< by a listener
    served,     ///< accepted by a server that a plugin created
    connected,  ///< outgoing, or handed over
    bound,      ///< a datagram endpoint
    pipe,
    process
};

/// Whom a signal is for.
enum class SignalTo : std::uint8_t { process, group };

/// Its place in its owner's list.
using Owned = boost::intrusive::list_base_hook<boost::intrusive::tag<class OwnedTag>>;

/// What the border calls a ph_transport: the operations of every kind of transport, under asyncio's
/// names. Those that a kind does not have answer PH_E_UNSUPPORTED. All [loop].
///
/// It belongs to a TransportOwner from its making until ended(), which retires it.
class Transport : public EventSink, public Owned {
public:
    /// Takes over `protocol`, tells it connection_made, and begins. Once.
    virtual void start(ph_proto protocol) = 0;

    /// drain_requested; then close(), unless the protocol wants to finish by itself. `deadline` in
    /// nanoseconds of loop time.
    virtual void drain(std::uint64_t deadline) = 0;

    virtual void close() = 0;
    virtual void abort() = 0;
    virtual bool is_closing() const = 0;

    /// Other settings of its unit. What the protocol has set itself stays.
    virtual void retune(const TransportSettings& settings) = 0;

    /// Ends its protocol with connection_lost, in order, and begins anew with `next`, over the same
    /// descriptor and with everything that waits on it. `factory` holds the code of `next`. What
    /// the old protocol has kept of the transport is stale then. Not from inside a callback.
    virtual void hand_over(ph_proto next, std::shared_ptr<void> factory) = 0;
    virtual ph_status get_extra_info(std::string_view name, ph_info& info) = 0;
    virtual ph_status set_protocol(ph_proto next) = 0;
    virtual ph_proto get_protocol() const = 0;

    virtual void pause_reading() = 0;
    virtual void resume_reading() = 0;
    virtual bool is_reading() const = 0;

    virtual ph_status write(const void* data, std::size_t size) = 0;
    virtual ph_status writelines(const ph_iov* pieces, std::size_t count) = 0;
    virtual ph_status write_owned(ph_iov data, ph_fn release, void* arg) = 0;
    virtual ph_status write_eof() = 0;
    virtual bool can_write_eof() const = 0;
    virtual ph_status set_write_buffer_limits(std::int64_t high, std::int64_t low) = 0;
    virtual void get_write_buffer_limits(std::size_t& low, std::size_t& high) const = 0;
    virtual std::size_t get_write_buffer_size() = 0;

    virtual ph_status sendto(const void*, std::size_t, ph_addr) { return PH_E_UNSUPPORTED; }

    /// How a sendfile ended, with what the kernel took of the file. PH_OK: all that was asked for,
    /// or all up to the end of the file.
    using FileSent = std::function<void(ph_status status, int os_errno, std::uint64_t sent)>;

    /// `count` of a sendfile that goes to the end of the file.
    static constexpr std::uint64_t to_end_of_file = UINT64_MAX;

    /// asyncio's loop.sendfile: sends `count` bytes of `fd` from `offset` on, behind what was
    /// written before; the file's position is neither used nor moved. Until it is over nothing is
    /// read from the peer, and writes are refused with PH_E_BUSY. `fd` stays the caller's, and
    /// open.
    ///
    /// `done` is called exactly once, never inside this call, unless cancel_sendfile() comes first;
    /// connection_lost comes after it. Answers other than PH_OK take nothing and never call it:
    /// PH_E_CLOSED when the transport closes, PH_E_EOF_WRITTEN, PH_E_BUSY during another one.
    virtual ph_status sendfile(int, std::uint64_t, std::uint64_t, FileSent&&) {
        return PH_E_UNSUPPORTED;
    }

    /// Stops the sendfile that is under way; its `done` is then not called any more. Returns what
    /// was sent of it; 0 when there is none.
    virtual std::uint64_t cancel_sendfile() { return 0; }

    /// How it went; of PH_OK there is no text.
    using TlsStarted = std::function<void(ph_status status, int os_errno, const std::string& text)>;

    /// asyncio's loop.start_tls: what was written before goes out as it is, then TLS begins, in the
    /// role of the context. Until it is done nothing is read, and what is written waits for it.
    ///
    /// `done` is called exactly once, never inside this call, unless cancel_start_tls() comes
    /// first. Where it fails the transport is lost for the same reason, and connection_lost comes
    /// after it. Answers other than PH_OK take nothing and never call it: PH_E_CLOSED when the
    /// transport closes or the peer has ended, PH_E_EOF_WRITTEN, PH_E_BUSY during another one or a
    /// sendfile, PH_E_UNSUPPORTED where there is TLS already.
    virtual ph_status start_tls(TlsStart&&, TlsStarted&&) { return PH_E_UNSUPPORTED; }

    /// Of a start_tls whose `start` has no context yet: it waits for this.
    virtual void give_tls_context(std::shared_ptr<const TlsContext>) {}

    /// The transport is aborted, if it is still under way; its `done` is then not called any more.
    virtual void cancel_start_tls() {}

    /// nullptr: it speaks no TLS, or not yet.
    virtual const TlsSession* tls() const { return nullptr; }

    // asyncio's SubprocessTransport.

    virtual pid_t get_pid() const { return 0; }
    /// That of 0, 1 or 2; nullptr where it is no pipe. Stale once its end was told.
    virtual ph_transport* get_pipe_transport(int) { return nullptr; }
    /// PH_E_AGAIN: it runs; PH_E_FAIL: nobody knows.
    virtual ph_status get_returncode(std::int32_t&) const { return PH_E_UNSUPPORTED; }
    /// PH_E_CLOSED: it does not run any more; of a group: nobody does.
    virtual ph_status send_signal(int, SignalTo) { return PH_E_UNSUPPORTED; }

    /// Never 0; stale once connection_lost has returned.
    virtual ph_ref ref() const = 0;

    /// What a plugin is given: not an address but a reference, so that a plugin which keeps it too
    /// long never reaches another connection.
    ph_transport* handle() { return std::bit_cast<ph_transport*>(ref()); }

    /// What a log line calls the other end: "127.0.0.1:40000", "/run/some.fifo".
    virtual std::string peer_text() const = 0;

    /// What it reads and writes; -1: nothing, or it is closed.
    virtual int descriptor() const { return -1; }

    /// Whether it reads at all, paused or not: a pipe that is written to does not.
    virtual bool can_read() const { return true; }

    /// Where the other end is; of no family where it has no address. Valid until it is destroyed.
    virtual SocketAddress peer_address() const { return {}; }

    /// What the kernel said, where that is why it has ended; else 0.
    virtual int loss_errno() const = 0;

    virtual Traffic traffic() const { return traffic_; }

    /// pause_writing was told, and resume_writing not yet.
    virtual bool is_writing_paused() const = 0;

    /// What holds the code of its protocol.
    virtual const void* factory() const = 0;

    Role role() const { return role_; }
    /// By its owner, before start().
    void set_role(Role role) {
        role_ = role;
        opened_ = coarse_seconds();
    }
    /// Since then.
    std::chrono::seconds age() const { return std::chrono::seconds(coarse_seconds() - opened_); }

protected:
    Transport() = default;

    Traffic traffic_;

private:
    static std::uint32_t coarse_seconds() {
        const auto now = std::chrono::steady_clock::now().time_since_epoch();
        return static_cast<std::uint32_t>(
            std::chrono::duration_cast<std::chrono::seconds>(now).count());
    }

    std::uint32_t opened_ = 0;  ///< in seconds: for people, and small
    Role role_ = Role::accepted;
};
static_assert(sizeof(ph_transport*) == sizeof(ph_ref));

using Transports = boost::intrusive::list<Transport, boost::intrusive::base_hook<Owned>>;

}  // namespace protohost::net
