// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include <protohost/abi.h>
#include <protohost/log.hpp>
#include <protohost/transport.hpp>

// asyncio's protocols. Derive from one, override what you need, and store the transport.
//
// All callbacks run on the loop and never overlap for one connection. A callback that throws loses
// that one connection: connection_lost() then carries the exception's text, and the daemon logs it
// with plugin, unit and peer. A datagram or a subprocess protocol loses nothing but that callback.

namespace protohost {

/// Why a connection ended. Borrowed for the call.
struct Error {
    ph_status status;          ///< PH_E_OS, PH_E_EXCEPTION, PH_E_LIMIT, ...
    int os_errno;              ///< ECONNRESET, EPIPE, ...; 0 where no system call failed
    std::string_view message;  ///< for people
};

namespace detail {
template <class P>
struct ProtocolCallbacks;
struct Binding;
}  // namespace detail

/// What all protocols share.
class BaseProtocol {
public:
    BaseProtocol() = default;
    BaseProtocol(const BaseProtocol&) = delete;
    BaseProtocol& operator=(const BaseProtocol&) = delete;
    virtual ~BaseProtocol() = default;

    /// The last callback, exactly once after connection_made. nullptr: the peer ended regularly, or
    /// this side closed or aborted. The transport is dead when it returns.
    virtual void connection_lost(const Error* exc) { static_cast<void>(exc); }

    /// The write buffer went over the high watermark. Called from inside write(); keep writing and
    /// the buffer grows to its hard limit.
    virtual void pause_writing() {}

    /// The write buffer drained to the low watermark. Strictly alternates with pause_writing(); a
    /// connection lost while paused is not resumed first.
    virtual void resume_writing() {}

protected:
    /// As get_loop().log(). From connection_made() on; before it, what is logged goes nowhere.
    Log log() const { return Log(context_); }

private:
    friend struct detail::Binding;
    template <class P>
    friend struct detail::ProtocolCallbacks;

    detail::Context context_;
};

/// A streaming protocol: TCP, UNIX sockets, pipes.
///
///     start -> connection_made
///         [-> data_received]*
///         [-> eof_received]?
///     -> connection_lost -> end
class Protocol : public BaseProtocol {
public:
    /// First of all callbacks. Keep the transport: it is valid until connection_lost() returns.
    virtual void connection_made(Transport transport) { static_cast<void>(transport); }

    /// `data` is never empty, and is valid until this returns. Sizes mean nothing: a message may
    /// arrive in pieces, or with the next one.
    virtual void data_received(Bytes data) { static_cast<void>(data); }

    /// At most once; no data follows. Return true to keep the write side open and to close by
    /// yourself; false closes once everything written is flushed.
    virtual bool eof_received() { return false; }

    /// At most once, when the daemon stops or the unit is removed. Return true to finish first and
    /// to close by yourself before the deadline, in loop time, at which the connection is aborted;
    /// false closes once everything written is flushed.
    virtual bool drain_requested(TimePoint deadline) {
        static_cast<void>(deadline);
        return false;
    }
};

/// A streaming protocol that brings its own receive buffer, so that bytes arrive where it wants
/// them.
///
///     start -> connection_made
///         [-> get_buffer
///             [-> buffer_updated]?
///         ]*
///         [-> eof_received]?
///     -> connection_lost -> end
class BufferedProtocol : public BaseProtocol {
public:
    /// As Protocol's.
    virtual void connection_made(Transport transport) { static_cast<void>(transport); }

    /// Lends a buffer of any size but zero, which loses the connection. `sizehint` -1: no advice.
    /// It must stay where it is until the next callback.
    virtual std::span<std::byte> get_buffer(std::ptrdiff_t sizehint) = 0;

    /// The first `nbytes` bytes of the buffer are new. Not called when nothing came after all.
    virtual void buffer_updated(std::size_t nbytes) = 0;

    /// As Protocol's.
    virtual bool eof_received() { return false; }

    /// As Protocol's.
    virtual bool drain_requested(TimePoint deadline) {
        static_cast<void>(deadline);
        return false;
    }
};

/// A datagram protocol: UDP, and datagrams between UNIX sockets. One for all its peers.
///
///     start -> connection_made
///         [-> datagram_received | error_received]*
///     -> connection_lost -> end
///
/// What a callback throws is logged with plugin and unit; the transport lives.
class DatagramProtocol : public BaseProtocol {
public:
    /// First of all callbacks, once the socket is open. Keep the transport: it is valid until
    /// connection_lost() returns.
    virtual void connection_made(DatagramTransport transport) { static_cast<void>(transport); }

    /// One datagram, whole and in the order of arrival; it may be empty. Both arguments are valid
    /// until this returns; copy the address to keep it. It is none where the sender has no name,
    /// which only UNIX sockets can do.
    virtual void datagram_received(Bytes data, const Address& addr) {
        static_cast<void>(data), static_cast<void>(addr);
    }

    /// Sending or receiving failed: `exc.os_errno` says how, EMSGSIZE or ECONNREFUSED for example.
    /// That datagram is lost and nothing else. `destination` is where it was sent to, none where
    /// nobody knows. It comes when the datagram is handed to the kernel, which may be after
    /// sendto() returned, and may be before: from inside it. Many losses are never told to anybody.
    virtual void error_received(const Error& exc, const Address& destination) {
        static_cast<void>(exc), static_cast<void>(destination);
    }

    /// As Protocol's.
    virtual bool drain_requested(TimePoint deadline) {
        static_cast<void>(deadline);
        return false;
    }
};

/// A protocol that speaks with a program, over the pipes of its descriptors 0, 1 and 2.
///
///     start -> connection_made
///         [-> pipe_data_received | pipe_connection_lost | process_exited]*
///     -> connection_lost -> end
///
/// What comes from one descriptor is in order; process_exited() may come before, between or after
/// that. connection_lost(nullptr) comes when the process has exited and all its pipes have ended,
/// which others may keep open that have inherited them: `timeouts.pipes` of the unit's definition
/// bounds that. What a callback throws is logged with plugin and unit; nothing ends for it.
class SubprocessProtocol : public BaseProtocol {
public:
    /// First of all callbacks; the program runs. Keep the transport: it is valid until
    /// connection_lost() returns.
    virtual void connection_made(SubprocessTransport transport) { static_cast<void>(transport); }

    /// It has written to descriptor `fd`, 1 or 2. `data` is never empty, and is valid until this
    /// returns.
    virtual void pipe_data_received(int fd, Bytes data) {
        static_cast<void>(fd), static_cast<void>(data);
    }

    /// Once for each pipe, after all that came from it. Of 0: the program reads no more, and `exc`
    /// is EPIPE where bytes have waited for it.
    virtual void pipe_connection_lost(int fd, const Error* exc) {
        static_cast<void>(fd), static_cast<void>(exc);
    }

    /// Once. get_returncode() says how it went.
    virtual void process_exited() {}

    /// At most once, when the daemon stops or the unit is removed. Return true to finish first;
    /// false sends SIGTERM to its process group. At the deadline, in loop time, that is killed.
    virtual bool drain_requested(TimePoint deadline) {
        static_cast<void>(deadline);
        return false;
    }
};

}  // namespace protohost

#include <protohost/detail/callbacks.hpp>
