// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <protohost/detail/context.hpp>
#include <protohost/log.hpp>
#include <protohost/process.hpp>

namespace protohost {

/// Loop time: monotonic, and not to be compared with a wall clock.
using TimePoint = std::chrono::steady_clock::time_point;

/// asyncio's Handle and TimerHandle: something scheduled that can still be called off. As there,
/// its own end cancels nothing: what a callback captures must outlive it, or be cancelled in time.
/// See ScopedHandle.
class Handle {
public:
    Handle() = default;
    Handle(detail::Context context, ph_op op) : context_(context), op_(op) {}

    /// [loop] A callback is destroyed without being called; who waits for something to be opened,
    /// sent or done is told PH_E_CANCELLED, never from inside this call. Too late or again:
    /// nothing.
    void cancel() {
        if (op_ != 0) context_.host->loop->cancel(context_.ctx, std::exchange(op_, 0));
    }

private:
    detail::Context context_;
    ph_op op_ = 0;
};

/// A Handle that cancels: when it is destroyed, and when another is assigned. For a protocol's own
/// timers, whose callbacks capture `this`: they go with the protocol.
class ScopedHandle {
public:
    ScopedHandle() = default;
    ScopedHandle(Handle handle) : handle_(handle) {}
    ScopedHandle(ScopedHandle&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    ScopedHandle& operator=(ScopedHandle&& other) noexcept {
        if (this != &other) {
            cancel();
            handle_ = std::exchange(other.handle_, {});
        }
        return *this;
    }
    ~ScopedHandle() { cancel(); }

    void cancel() { std::exchange(handle_, {}).cancel(); }

private:
    Handle handle_;
};

namespace detail {

/// A callable on its way through the loop: called or destroyed there, exactly one of the two.
template <class F>
struct Scheduled {
    Context context;
    F call;

    static void run(void* self) noexcept {
        const std::unique_ptr<Scheduled> scheduled(static_cast<Scheduled*>(self));
        try {
            scheduled->call();
        } catch (const std::exception& exception) {
            scheduled->context.log_error(exception.what());
        } catch (...) {
            scheduled->context.log_error("a scheduled callback threw no std::exception");
        }
    }
    static void drop(void* self) noexcept { delete static_cast<Scheduled*>(self); }
};

}  // namespace detail

class BaseTransport;

/// An existing socket, asyncio's `sock=`. It is the transport's from here on.
struct Sock {
    int descriptor;
};

/// What create_connection() and create_unix_connection() may be told beside where to connect to.
struct ConnectionOptions {
    /// Until connecting is given up; zero: what the unit's timeouts.connect says. Below zero it is
    /// refused with std::invalid_argument.
    std::chrono::nanoseconds timeout{0};
    /// What the socket is bound to first: "127.0.0.1:0"; of UNIX sockets "/run/own.sock", "@own".
    std::string_view local_addr{};
    /// TLS from the beginning: as the unit's `tls` says where it is an endpoint's; else whom this
    /// system trusts is trusted.
    bool ssl = false;
    /// Whom the certificate must be for; empty: the host.
    std::string_view server_hostname{};
};

/// What create_server() may be told beside where to listen.
struct ServerOptions {
    /// TLS, with the certificates of the unit's `tls`. A protocol is made after the handshake.
    bool ssl = false;
};

/// What start_tls() is told.
struct TlsOptions {
    bool server_side = false;
    /// Of a client: whom the certificate must be for; empty: what the unit's `tls` says.
    std::string_view server_hostname{};
    /// What the peer has sent behind its own switch to TLS, and which data_received was given.
    std::span<const std::byte> received{};
    /// Zero: what the unit's tls.handshake_timeout says. Below zero it is refused with
    /// std::invalid_argument.
    std::chrono::nanoseconds ssl_handshake_timeout{0};
};

/// Of the three, what is needed: a local address for a socket that others send to, a remote one for
/// sendto() without an address, or an existing socket.
struct DatagramOptions {
    std::string_view local_addr{};   ///< "127.0.0.1:9999", "/run/x.sock", "@name"
    std::string_view remote_addr{};  ///< the same notations
    int sock = -1;
};

namespace detail {

/// Who gave no `done`: a failure is said in the log.
struct LogFailure {};

}  // namespace detail

/// The one event loop that all transports share. A cheap handle; copy it freely.
///
/// Callbacks never overlap with each other or with a protocol's, so none of them needs a lock. What
/// a callback throws is logged and ends nothing. Callbacks still waiting when the plugin is
/// released are destroyed without being called.
class Loop {
public:
    Loop() = default;
    explicit Loop(detail::Context context) : context_(context) {}

    /// [any]
    TimePoint time() const {
        return TimePoint(std::chrono::duration_cast<TimePoint::duration>(
            std::chrono::nanoseconds(context_.host->loop->time(context_.ctx))));
    }

    /// [loop] In the next iteration, first in, first out; never from inside this call.
    template <class F>
    Handle call_soon(F call) {
        auto scheduled = wrap(std::move(call));
        const ph_op op =
            context_.host->loop->call_soon(context_.ctx, run<F>, drop<F>, scheduled.get());
        return handle_of(op, std::move(scheduled));
    }

    /// [loop] Never early; late by the loop's business.
    template <class Rep, class Period, class F>
    Handle call_later(std::chrono::duration<Rep, Period> delay, F call) {
        // Compared as floating point: a delay may be longer than a clock can count.
        const TimePoint now = time();
        const std::chrono::duration<double> longest = TimePoint::max() - now;
        if (std::chrono::duration<double>(delay) >= longest) {
            return call_at(TimePoint::max(), std::move(call));
        }
        return call_at(now + std::chrono::ceil<TimePoint::duration>(delay), std::move(call));
    }

    /// [loop]
    template <class F>
    Handle call_at(TimePoint when, F call) {
        const auto at =
            std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch()).count();
        auto scheduled = wrap(std::move(call));
        const ph_op op = context_.host->loop->call_at(context_.ctx,
                                                      at < 0 ? 0 : static_cast<std::uint64_t>(at),
                                                      run<F>,
                                                      drop<F>,
                                                      scheduled.get());
        return handle_of(op, std::move(scheduled));
    }

    /// [any] As call_soon, from a thread of the plugin's own. False when the loop has stopped: the
    /// callback is then destroyed here.
    template <class F>
    bool call_soon_threadsafe(F call) {
        auto scheduled = wrap(std::move(call));
        const ph_status status = context_.host->loop->call_soon_threadsafe(
            context_.ctx, run<F>, drop<F>, scheduled.get());
        if (status != PH_OK) return false;
        static_cast<void>(scheduled.release());
        return true;
    }

    // What follows is defined in services.hpp, which plugin.hpp includes. All [loop], and for the
    // protocols, factories and `started` of a unit: what they open is the unit's. A
    // protocol_factory is called on the loop, as in asyncio: `std::unique_ptr<P> operator()()`.
    //
    // `done`, where it is given, is called exactly once, on the loop, never from inside the call:
    // with nullptr and what was opened, or with the reason (PH_E_CANCELLED after Handle::cancel())
    // and an empty handle. Without it a failure is logged. While the unit goes, nothing is opened,
    // a socket that was handed over is closed, and `done` is destroyed without being called.

    /// Connects to `host`, a number or a name, which is resolved without blocking; several
    /// addresses are raced. done(const Error* exc, Transport transport), after connection_made and
    /// what that has scheduled: where it has closed the transport, after connection_lost too.
    template <class Factory, class Done = detail::LogFailure>
    Handle create_connection(Factory protocol_factory,
                             std::string_view host,
                             std::uint16_t port,
                             const ConnectionOptions& options = {},
                             Done done = {});
    /// With an existing connected stream socket of any family, which is the transport's from here
    /// on.
    template <class Factory, class Done = detail::LogFailure>
    Handle create_connection(Factory protocol_factory, Sock sock, Done done = {});
    /// `path` is a file's from / on, or "@name" for an abstract one.
    template <class Factory, class Done = detail::LogFailure>
    Handle create_unix_connection(Factory protocol_factory,
                                  std::string_view path,
                                  const ConnectionOptions& options = {},
                                  Done done = {});
    template <class Factory, class Done = detail::LogFailure>
    Handle create_unix_connection(Factory protocol_factory, Sock sock, Done done = {});
    /// With what accept() returned elsewhere.
    template <class Factory, class Done = detail::LogFailure>
    Handle connect_accepted_socket(Factory protocol_factory, Sock sock, Done done = {});

    /// Listens on every address that `host` has; port 0: one that the kernel chooses. The factory
    /// is called once for each connection. done(const Error* exc, Server server).
    template <class Factory, class Done = detail::LogFailure>
    Handle create_server(Factory protocol_factory,
                         std::string_view host,
                         std::uint16_t port,
                         Done done = {});
    /// On a stream socket that listens already, or is bound and begins to here.
    template <class Factory, class Done = detail::LogFailure>
    Handle create_server(Factory protocol_factory, Sock sock, Done done = {});
    template <class Factory, class Done = detail::LogFailure>
    Handle create_server(Factory protocol_factory,
                         std::string_view host,
                         std::uint16_t port,
                         const ServerOptions& options,
                         Done done = {});
    /// `path` as create_unix_connection()'s. A file that nobody serves any more is replaced; the
    /// server's own goes with it.
    template <class Factory, class Done = detail::LogFailure>
    Handle create_unix_server(Factory protocol_factory, std::string_view path, Done done = {});
    template <class Factory, class Done = detail::LogFailure>
    Handle create_unix_server(Factory protocol_factory, Sock sock, Done done = {});

    /// The factory makes a DatagramProtocol, one for the whole endpoint.
    /// done(const Error* exc, DatagramTransport transport), after connection_made.
    template <class Factory, class Done = detail::LogFailure>
    Handle create_datagram_endpoint(Factory protocol_factory,
                                    const DatagramOptions& options,
                                    Done done = {});

    /// `pipe` is a FIFO's, a socket's or a character device's descriptor, and the transport's from
    /// here on. A device that is read must be one that can be waited for, as /dev/zero cannot.
    /// done(const Error* exc, ReadTransport transport), or WriteTransport.
    template <class Factory, class Done = detail::LogFailure>
    Handle connect_read_pipe(Factory protocol_factory, int pipe, Done done = {});
    template <class Factory, class Done = detail::LogFailure>
    Handle connect_write_pipe(Factory protocol_factory, int pipe, Done done = {});

    /// Starts a program, which is looked up in the PATH of its environment unless it has a slash.
    /// The factory makes a SubprocessProtocol. done(const Error* exc, SubprocessTransport
    /// transport), after connection_made; what keeps the program from being started is told with
    /// its number (ENOENT, EACCES, ...), and then no callback of the protocol is called. It is
    /// killed when the daemon dies.
    template <class Factory, class Done = detail::LogFailure>
    Handle subprocess_exec(Factory protocol_factory,
                           const std::vector<std::string>& args,
                           const SubprocessOptions& options = {},
                           Done done = {});
    /// The same with a line for /bin/sh. Put nothing into it that comes from elsewhere.
    template <class Factory, class Done = detail::LogFailure>
    Handle subprocess_shell(Factory protocol_factory,
                            const std::string& cmd,
                            const SubprocessOptions& options = {},
                            Done done = {});

    /// Sends `count` bytes of `file` from `offset`, or all to its end, behind what was written
    /// before; reading is paused and writes are refused meanwhile. `file` stays the caller's, and
    /// open until `done`: done(const Error* exc, std::uint64_t sent), where `sent` counts also
    /// what was sent before it failed.
    template <class Done>
    Handle sendfile(const BaseTransport& transport,
                    int file,
                    std::uint64_t offset,
                    std::optional<std::uint64_t> count,
                    Done done);

    /// TLS from here on; the transport stays the same. What was written before goes out as it is,
    /// what is written meanwhile waits for the handshake, and nothing is read until
    /// done(const Error* exc, Transport transport). Where it fails the connection is lost for the
    /// same reason, and connection_lost comes after `done`.
    template <class Done = detail::LogFailure>
    Handle start_tls(const BaseTransport& transport, const TlsOptions& options, Done done = {});

    /// Calls `work()` on one of a bounded number of threads, then `done(std::future<R>)` on the
    /// loop, whose get() returns what `work` returned, or throws what it threw; std::future_error
    /// where it was cancelled before it began.
    template <class Work, class Done>
    Handle run_in_executor(Work work, Done done);

    /// [any] For assertions.
    bool on_loop() const { return context_.host->on_loop(context_.ctx) != 0; }

    Log log() const { return Log(context_); }

private:
    /// Whoever was scheduled belongs to the loop; who was not, is destroyed here.
    template <class F>
    Handle handle_of(ph_op op, std::unique_ptr<detail::Scheduled<F>> scheduled) {
        if (op != 0) static_cast<void>(scheduled.release());
        // The analyzer does not see that the loop calls run or drop, and either deletes it.
        return {context_, op};  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks)
    }
    template <class F>
    std::unique_ptr<detail::Scheduled<F>> wrap(F&& call) {
        return std::unique_ptr<detail::Scheduled<F>>(
            new detail::Scheduled<F>{context_, std::forward<F>(call)});
    }
    template <class F>
    static void run(void* scheduled) {
        detail::Scheduled<F>::run(scheduled);
    }
    template <class F>
    static void drop(void* scheduled) {
        detail::Scheduled<F>::drop(scheduled);
    }

    detail::Context context_;
};

}  // namespace protohost
