// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include <protohost/abi.h>
#include <protohost/transport.hpp>

// asyncio's protocols. Derive from one, override what you need, and store the transport.
//
// All callbacks run on the loop and never overlap for one connection. A callback that throws loses
// that one connection: connection_lost() then carries the exception's text, and the daemon logs it
// with plugin, unit and peer.

namespace protohost {

/// Why a connection ended. Borrowed for the call.
struct Error {
    ph_status status;          ///< PH_E_OS, PH_E_EXCEPTION, PH_E_LIMIT, ...
    int os_errno;              ///< ECONNRESET, EPIPE, ...; 0 where no system call failed
    std::string_view message;  ///< for people
};

namespace detail {
template <class P>
struct StreamCallbacks;
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

private:
    friend struct detail::Binding;
    template <class P>
    friend struct detail::StreamCallbacks;

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
    /// to close by yourself before the deadline, at which the connection is aborted; false closes
    /// once everything written is flushed.
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

}  // namespace protohost

#include <protohost/detail/callbacks.hpp>
