// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include <protohost/address.hpp>
#include <protohost/detail/context.hpp>
#include <protohost/loop.hpp>

// asyncio's transports, as handles: a transport object is small, is copied freely, and refers to a
// connection that the daemon owns. Keep it as a member, as asyncio's examples do. It may be used
// from connection_made until connection_lost returns, on the loop only. After abort() or a loss
// every call is harmless, and a handle that is kept for longer never reaches another connection.

namespace protohost {

class BaseProtocol;

/// Bytes as they pass the border: borrowed, never copied on the way.
using Bytes = std::span<const std::byte>;

inline std::string_view as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
}

/// What became of a write. Ignoring it is as safe as in asyncio.
enum class WriteStatus {
    accepted,        ///< sent, or on its way
    over_limit,      ///< dropped: past the write buffer's hard limit
    closed,          ///< dropped: aborted or lost, or it only reads
    invalid_address  ///< dropped, by sendto() alone: nowhere to send to, or not the remote
};

/// One piece of get_extra_info. False where the transport does not know the name.
class ExtraInfo {
public:
    ExtraInfo() = default;
    explicit ExtraInfo(const ph_info& info)
        : kind_(info.kind),
          text_(detail::from_abi(info.text)),
          address_(info.address),
          number_(info.number) {}

    explicit operator bool() const { return kind_ != PH_INFO_NONE; }

    /// Always readable: "127.0.0.1:7007", "[::1]:7007".
    const std::string& text() const { return text_; }

    /// Of 'peername' and 'sockname'; else none.
    const Address& address() const { return address_; }

    /// Of 'socket' and 'pipe', and of 'subprocess' its pidfd: borrowed. Do not close it, and leave
    /// O_NONBLOCK alone. Else -1.
    int descriptor() const { return kind_ == PH_INFO_DESCRIPTOR ? static_cast<int>(number_) : -1; }

private:
    std::uint32_t kind_ = PH_INFO_NONE;
    std::string text_;
    Address address_;
    std::int64_t number_ = -1;
};

template <class T>
class WeakReference;
class Transport;
class DatagramTransport;
class SubprocessTransport;

/// A weak reference to a transport, from its ref().
using TransportRef = WeakReference<Transport>;
using DatagramTransportRef = WeakReference<DatagramTransport>;
using SubprocessTransportRef = WeakReference<SubprocessTransport>;

/// What all transports share.
class BaseTransport {
public:
    BaseTransport() = default;
    BaseTransport(detail::Context context, ph_transport* handle)
        : context_(context), handle_(handle) {}

    /// False for a handle that was never given a connection.
    explicit operator bool() const { return handle_ != nullptr; }
    bool operator==(const BaseTransport& other) const { return handle_ == other.handle_; }

    /// Ends the connection in order: reading stops, buffered bytes are flushed, then
    /// connection_lost(nullptr), never from inside this call. A peer that does not read holds it
    /// open; abort() does not wait.
    void close() { api().close(context_.ctx, handle_); }

    /// True from close(), abort(), a loss, or an eof_received that returned false.
    bool is_closing() const { return api().is_closing(context_.ctx, handle_) != 0; }

    /// 'peername', 'sockname' and 'socket', or of a pipe 'pipe', or of a process 'subprocess'. The
    /// same in connection_lost(). Behind a load balancer that says whom it speaks for, the two
    /// addresses are the client's and the one that it has connected to.
    ExtraInfo get_extra_info(std::string_view name) const {
        ph_info info{};
        info.size = sizeof info;
        const ph_status status =
            api().get_extra_info(context_.ctx, handle_, detail::to_abi(name), &info);
        return status == PH_OK ? ExtraInfo(info) : ExtraInfo();
    }

    /// The readable form, or `otherwise` where the name is not known here.
    std::string get_extra_info(std::string_view name, std::string_view otherwise) const {
        const ExtraInfo info = get_extra_info(name);
        return info ? info.text() : std::string(otherwise);
    }

    /// The next callback goes to `protocol`, which must be of the same kind. Neither protocol is
    /// told; the old one is destroyed later, when none of its callbacks is running.
    void set_protocol(std::unique_ptr<BaseProtocol> protocol);

    /// nullptr once lost, and for a protocol that another plugin or another language made.
    BaseProtocol* get_protocol() const;

    Loop get_loop() const { return Loop(context_); }

    /// A reference that outlives the connection safely, for callbacks that come later.
    TransportRef ref() const;

    detail::Context context() const { return context_; }
    ph_transport* handle() const { return handle_; }

protected:
    const ph_transport_api& api() const { return *context_.host->transport; }

    detail::Context context_;
    ph_transport* handle_ = nullptr;
};

namespace detail {

template <class Base>
class Reading : public Base {
public:
    using Base::Base;

    /// True when neither paused nor closing.
    bool is_reading() const {
        return this->api().is_reading(this->context_.ctx, this->handle_) != 0;
    }

    /// No data arrives once this has returned. While paused, neither the peer's end nor its reset
    /// is noticed. Idempotent, and harmless on a closed transport.
    void pause_reading() { this->api().pause_reading(this->context_.ctx, this->handle_); }

    /// Data arrives again, never from inside this call. Idempotent.
    void resume_reading() { this->api().resume_reading(this->context_.ctx, this->handle_); }
};

template <class Base>
class Buffering : public Base {
public:
    using Base::Base;

    /// Ends the connection at once: buffered bytes are dropped; connection_lost(nullptr) follows,
    /// never from inside this call.
    void abort() { this->api().abort(this->context_.ctx, this->handle_); }

    /// Over `high` bytes pause_writing() is called, at or under `low` resume_writing(). Only high
    /// given: low is high / 4; only low: high is 4 * low; neither: what the unit's definition says.
    /// May call pause_writing() before it returns. Throws std::invalid_argument unless
    /// high >= low.
    void set_write_buffer_limits(std::optional<std::size_t> high = {},
                                 std::optional<std::size_t> low = {}) {
        const auto number = [](std::optional<std::size_t> limit) {
            constexpr std::size_t largest = std::numeric_limits<std::int64_t>::max();
            return limit ? static_cast<std::int64_t>(std::min(*limit, largest)) : -1;
        };
        const ph_status status = this->api().set_write_buffer_limits(
            this->context_.ctx, this->handle_, number(high), number(low));
        if (status == PH_E_INVAL) throw std::invalid_argument("high must be >= low must be >= 0");
    }

    struct WriteBufferLimits {
        std::size_t low;
        std::size_t high;
    };
    WriteBufferLimits get_write_buffer_limits() const {
        WriteBufferLimits limits{};
        this->api().get_write_buffer_limits(
            this->context_.ctx, this->handle_, &limits.low, &limits.high);
        return limits;
    }

    /// Bytes written that the kernel has not taken. For datagrams with a fixed amount more for
    /// each, so that a flood of empty ones counts as well.
    std::size_t get_write_buffer_size() const {
        return this->api().get_write_buffer_size(this->context_.ctx, this->handle_);
    }
};

template <class Base>
class Writing : public Buffering<Base> {
public:
    using Buffering<Base>::Buffering;

    /// Never blocks. `data` may be reused when it returns. What one callback writes reaches the
    /// kernel together; what the kernel refuses waits in the write buffer. May call
    /// pause_writing() before it returns. After close() it is accepted while earlier bytes
    /// still wait, and dropped where none do.
    /// Throws std::logic_error after write_eof() and while a sendfile is under way, as asyncio
    /// raises RuntimeError.
    WriteStatus write(Bytes data) {
        return accepted(
            this->api().write(this->context_.ctx, this->handle_, data.data(), data.size()));
    }
    WriteStatus write(std::string_view text) { return write(as_bytes(text)); }

    /// The same as one write() for each piece, in one system call where possible. Stops at the
    /// first piece that is refused.
    WriteStatus writelines(std::span<const Bytes> pieces) { return write_pieces(pieces); }
    WriteStatus writelines(std::initializer_list<std::string_view> pieces) {
        return write_pieces(std::span(pieces.begin(), pieces.size()));
    }

    /// As write(), without a copy: `data` is kept until it was sent or dropped.
    WriteStatus write_owned(std::string data) {
        auto* owned = new std::string(std::move(data));
        return accepted(this->api().write_owned(
            this->context_.ctx,
            this->handle_,
            {owned->data(), owned->size()},
            [](void* kept) { delete static_cast<std::string*>(kept); },
            owned));
    }

    /// Half-closes once everything written is flushed; reading goes on. Idempotent. Throws
    /// std::logic_error where can_write_eof() is false.
    void write_eof() {
        const ph_status status = this->api().write_eof(this->context_.ctx, this->handle_);
        if (status == PH_E_UNSUPPORTED) throw std::logic_error("this transport has no write_eof()");
    }

    bool can_write_eof() const {
        return this->api().can_write_eof(this->context_.ctx, this->handle_) != 0;
    }

private:
    /// In batches on the stack: a call allocates nothing.
    template <class Piece>
    WriteStatus write_pieces(std::span<const Piece> pieces) {
        std::array<ph_iov, 32> batch;
        WriteStatus status = WriteStatus::accepted;
        while (!pieces.empty() && status == WriteStatus::accepted) {
            const std::size_t count = std::min(pieces.size(), batch.size());
            for (std::size_t i = 0; i < count; ++i) batch[i] = {pieces[i].data(), pieces[i].size()};
            status = accepted(
                this->api().writelines(this->context_.ctx, this->handle_, batch.data(), count));
            pieces = pieces.subspan(count);
        }
        return status;
    }

    static WriteStatus accepted(ph_status status) {
        if (status == PH_E_EOF_WRITTEN) throw std::logic_error("write() after write_eof()");
        if (status == PH_E_BUSY) throw std::logic_error("write() while a sendfile is under way");
        if (status == PH_E_LIMIT) return WriteStatus::over_limit;
        return status == PH_OK ? WriteStatus::accepted : WriteStatus::closed;
    }
};

}  // namespace detail

/// A transport that only reads: the read end of a pipe.
class ReadTransport : public detail::Reading<BaseTransport> {
public:
    using Reading::Reading;
};

/// A transport that only writes: the write end of a pipe.
class WriteTransport : public detail::Writing<BaseTransport> {
public:
    using Writing::Writing;
};

/// Both directions: a TCP connection, say.
class Transport : public detail::Writing<detail::Reading<BaseTransport>> {
public:
    using Writing::Writing;

    operator ReadTransport() const { return {context_, handle_}; }
    operator WriteTransport() const { return {context_, handle_}; }
};

/// Sends and receives datagrams: UDP, and datagrams between UNIX sockets.
class DatagramTransport : public detail::Buffering<detail::Reading<BaseTransport>> {
public:
    using Buffering::Buffering;

    /// Sends one datagram, which may be empty, to `addr`; with none, to the remote that the
    /// endpoint was opened with. Where there is a remote, `addr` is none or that remote: else, and
    /// where there is neither, invalid_address. Nothing is ever looked up.
    ///
    /// Never blocks. `data` may be reused when it returns. Datagrams keep their order, whoever they
    /// go to; what the kernel refuses waits in the write buffer, and holds up what is behind it.
    /// May call pause_writing() before it returns. What the callbacks for one batch of arrivals
    /// send reaches the kernel together, after them: what the kernel then rejects (too long, no
    /// route, refused) error_received() is told, and nothing ends.
    WriteStatus sendto(Bytes data, const Address& addr = {}) {
        const ph_addr to = {addr ? addr.data() : nullptr, addr.size(), 0};
        const ph_status status = api().sendto(context_.ctx, handle_, data.data(), data.size(), to);
        if (status == PH_OK) return WriteStatus::accepted;
        if (status == PH_E_LIMIT) return WriteStatus::over_limit;
        return status == PH_E_INVAL ? WriteStatus::invalid_address : WriteStatus::closed;
    }
    WriteStatus sendto(std::string_view text, const Address& addr = {}) {
        return sendto(as_bytes(text), addr);
    }

    DatagramTransportRef ref() const;
};

/// A process, and the pipes to it.
class SubprocessTransport : public BaseTransport {
public:
    using BaseTransport::BaseTransport;

    /// Kills it if it still runs, and closes its pipes. connection_lost(nullptr) follows, when it
    /// is gone.
    void close() { BaseTransport::close(); }

    /// As close(), and kills all of its process group.
    void abort() { api().abort(context_.ctx, handle_); }

    /// Nobody else's before connection_lost() has returned.
    int get_pid() const { return static_cast<int>(api().get_pid(context_.ctx, handle_)); }

    /// Of 0 what it reads, which is written here; of 1 and 2 what it writes. False where it has no
    /// pipe there. After its pipe_connection_lost() a write is dropped, and nothing else happens.
    Transport get_pipe_transport(int fd) const;

    /// What get_returncode() says where somebody else has waited for the process: a plugin that
    /// calls waitpid(-1), for example.
    static constexpr int unknown_returncode = std::numeric_limits<int>::min();

    /// Its exit code; where a signal has killed it, the negative signal. None while it runs.
    std::optional<int> get_returncode() const {
        std::int32_t code = 0;
        const ph_status status = api().get_returncode(context_.ctx, handle_, &code);
        if (status == PH_E_FAIL) return unknown_returncode;
        return status == PH_OK ? std::optional<int>(code) : std::nullopt;
    }

    /// False: it has ended, or may not be signalled. Never reaches another process. Throws
    /// std::invalid_argument where there is no such signal.
    bool send_signal(int signal) { return signalled(signal, 0); }
    /// To all of its process group, which it leads, whether it lives itself or not.
    bool send_signal_to_group(int signal) { return signalled(signal, PH_SIGNAL_GROUP); }
    bool terminate() { return send_signal(SIGTERM); }
    bool kill() { return send_signal(SIGKILL); }

    SubprocessTransportRef ref() const;

private:
    bool signalled(int signal, std::uint32_t flags) {
        const ph_status status = api().send_signal(context_.ctx, handle_, signal, flags);
        if (status == PH_E_INVAL) throw std::invalid_argument("there is no such signal");
        return status == PH_OK;
    }
};

inline Transport SubprocessTransport::get_pipe_transport(int fd) const {
    return {context_, api().get_pipe_transport(context_.ctx, handle_, fd)};
}

/// A weak reference: safe to keep for ever, [loop].
template <class T>
class WeakReference {
public:
    WeakReference() = default;
    WeakReference(detail::Context context, ph_ref ref) : context_(context), ref_(ref) {}

    /// The transport, or a false one when the connection is lost.
    T lock() const {
        if (ref_ == 0) return {};
        return {context_, context_.host->transport->deref(context_.ctx, ref_)};
    }

private:
    detail::Context context_;
    ph_ref ref_ = 0;
};

inline TransportRef BaseTransport::ref() const {
    return {context_, api().ref(context_.ctx, handle_)};
}

inline DatagramTransportRef DatagramTransport::ref() const {
    return {context_, api().ref(context_.ctx, handle_)};
}

inline SubprocessTransportRef SubprocessTransport::ref() const {
    return {context_, api().ref(context_.ctx, handle_)};
}

}  // namespace protohost
