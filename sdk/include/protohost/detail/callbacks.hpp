// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>

#include <protohost/protocol.hpp>

// The way from the ABI's callback tables to an author's virtual functions. `self` on the border is
// always a BaseProtocol*.

namespace protohost::detail {

/// What the protocols of all kinds have.
template <class P>
struct ProtocolCallbacks {
    static P& protocol(void* self) { return static_cast<P&>(*static_cast<BaseProtocol*>(self)); }
    static const Context& context(void* self) { return static_cast<BaseProtocol*>(self)->context_; }

    /// Runs `call(protocol)` and answers PH_OK, or what it threw.
    template <class F>
    static ph_status run(void* self, F&& call) noexcept {
        return guarded(context(self), [&] {
            call(protocol(self));
            return ph_status{PH_OK};
        });
    }

    static Error to_error(const ph_error& why) {
        return {why.code, why.os_errno, from_abi(why.msg)};
    }

    static ph_status connection_lost(void* self, const ph_error* why) {
        if (why == nullptr) return run(self, [](P& p) { p.connection_lost(nullptr); });
        const Error error = to_error(*why);
        return run(self, [&](P& p) { p.connection_lost(&error); });
    }
    static ph_status pause_writing(void* self) {
        return run(self, [](P& p) { p.pause_writing(); });
    }
    static ph_status resume_writing(void* self) {
        return run(self, [](P& p) { p.resume_writing(); });
    }
    static void destroy(void* self) { delete static_cast<BaseProtocol*>(self); }

    static ph_status drain_requested(void* self, std::uint64_t deadline, std::int32_t* keep_open) {
        const TimePoint when(
            std::chrono::duration_cast<TimePoint::duration>(std::chrono::nanoseconds(deadline)));
        return run(self, [&](P& p) { *keep_open = p.drain_requested(when) ? 1 : 0; });
    }

    template <class Ops>
    static constexpr Ops make_head(std::uint32_t kind) {
        Ops ops{};
        ops.size = sizeof ops;
        ops.kind = kind;
        ops.connection_lost = connection_lost;
        ops.pause_writing = pause_writing;
        ops.resume_writing = resume_writing;
        ops.destroy = destroy;
        return ops;
    }
};

template <class P>
struct StreamCallbacks : ProtocolCallbacks<P> {
    using ProtocolCallbacks<P>::context;
    using ProtocolCallbacks<P>::run;

    static ph_status connection_made(void* self, ph_transport* transport) {
        return run(self, [&](P& p) { p.connection_made(Transport(context(self), transport)); });
    }
    static ph_status data_received(void* self, const void* data, std::size_t n) {
        return run(self,
                   [&](P& p) { p.data_received(Bytes(static_cast<const std::byte*>(data), n)); });
    }
    static ph_status get_buffer(void* self, std::int64_t sizehint, void** data, std::size_t* n) {
        return run(self, [&](P& p) {
            const std::span<std::byte> buffer = p.get_buffer(static_cast<std::ptrdiff_t>(sizehint));
            *data = buffer.data();
            *n = buffer.size();
        });
    }
    static ph_status buffer_updated(void* self, std::size_t n) {
        return run(self, [&](P& p) { p.buffer_updated(n); });
    }
    static ph_status eof_received(void* self, std::int32_t* keep_open) {
        return run(self, [&](P& p) { *keep_open = p.eof_received() ? 1 : 0; });
    }

    static constexpr ph_stream_ops make_ops() {
        auto ops = ProtocolCallbacks<P>::template make_head<ph_stream_ops>(PH_STREAM);
        ops.connection_made = connection_made;
        if constexpr (std::derived_from<P, BufferedProtocol>) {
            ops.get_buffer = get_buffer;
            ops.buffer_updated = buffer_updated;
        } else {
            ops.data_received = data_received;
        }
        ops.eof_received = eof_received;
        ops.drain_requested = ProtocolCallbacks<P>::drain_requested;
        return ops;
    }
};

struct DatagramCallbacks : ProtocolCallbacks<DatagramProtocol> {
    static ph_status connection_made(void* self, ph_transport* transport) {
        return run(self, [&](DatagramProtocol& p) {
            p.connection_made(DatagramTransport(context(self), transport));
        });
    }
    static ph_status datagram_received(void* self, const void* data, std::size_t n, ph_addr from) {
        return run(self, [&](DatagramProtocol& p) {
            p.datagram_received(Bytes(static_cast<const std::byte*>(data), n), Address(from));
        });
    }
    static ph_status error_received(void* self, const ph_error* why, ph_addr destination) {
        return run(self, [&](DatagramProtocol& p) {
            p.error_received(to_error(*why), Address(destination));
        });
    }

    static constexpr ph_datagram_ops make_ops() {
        auto ops = make_head<ph_datagram_ops>(PH_DATAGRAM);
        ops.connection_made = connection_made;
        ops.datagram_received = datagram_received;
        ops.error_received = error_received;
        ops.drain_requested = drain_requested;
        return ops;
    }
};

struct SubprocessCallbacks : ProtocolCallbacks<SubprocessProtocol> {
    static ph_status connection_made(void* self, ph_transport* transport) {
        return run(self, [&](SubprocessProtocol& p) {
            p.connection_made(SubprocessTransport(context(self), transport));
        });
    }
    static ph_status pipe_data_received(void* self,
                                        std::int32_t fd,
                                        const void* data,
                                        std::size_t n) {
        return run(self, [&](SubprocessProtocol& p) {
            p.pipe_data_received(fd, Bytes(static_cast<const std::byte*>(data), n));
        });
    }
    static ph_status pipe_connection_lost(void* self, std::int32_t fd, const ph_error* why) {
        return run(self, [&](SubprocessProtocol& p) {
            if (why == nullptr) return p.pipe_connection_lost(fd, nullptr);
            const Error error = to_error(*why);
            p.pipe_connection_lost(fd, &error);
        });
    }
    static ph_status process_exited(void* self) {
        return run(self, [](SubprocessProtocol& p) { p.process_exited(); });
    }

    static constexpr ph_subprocess_ops make_ops() {
        auto ops = make_head<ph_subprocess_ops>(PH_SUBPROCESS);
        ops.connection_made = connection_made;
        ops.pipe_data_received = pipe_data_received;
        ops.pipe_connection_lost = pipe_connection_lost;
        ops.process_exited = process_exited;
        ops.drain_requested = drain_requested;
        return ops;
    }
};

inline constexpr ph_stream_ops protocol_ops = StreamCallbacks<Protocol>::make_ops();
inline constexpr ph_stream_ops buffered_protocol_ops =
    StreamCallbacks<BufferedProtocol>::make_ops();
inline constexpr ph_datagram_ops datagram_protocol_ops = DatagramCallbacks::make_ops();
inline constexpr ph_subprocess_ops subprocess_protocol_ops = SubprocessCallbacks::make_ops();

/// Hands a protocol over to the border, and recognises it there.
struct Binding {
    static ph_proto bind(Context context, std::unique_ptr<BaseProtocol> protocol) {
        if (protocol == nullptr) throw std::logic_error("the protocol factory returned nullptr");
        const ph_any_ops* ops = nullptr;
        if (dynamic_cast<Protocol*>(protocol.get()) != nullptr) {
            ops = reinterpret_cast<const ph_any_ops*>(&protocol_ops);
        } else if (dynamic_cast<BufferedProtocol*>(protocol.get()) != nullptr) {
            ops = reinterpret_cast<const ph_any_ops*>(&buffered_protocol_ops);
        } else if (dynamic_cast<DatagramProtocol*>(protocol.get()) != nullptr) {
            ops = reinterpret_cast<const ph_any_ops*>(&datagram_protocol_ops);
        } else if (dynamic_cast<SubprocessProtocol*>(protocol.get()) != nullptr) {
            ops = reinterpret_cast<const ph_any_ops*>(&subprocess_protocol_ops);
        } else {
            throw std::logic_error(
                "a protocol must derive from Protocol, BufferedProtocol, DatagramProtocol or "
                "SubprocessProtocol");
        }
        protocol->context_ = context;
        return {ops, protocol.release()};
    }
    static BaseProtocol* protocol(ph_proto proto) {
        const void* const ops = proto.ops;
        const bool ours = ops == &protocol_ops || ops == &buffered_protocol_ops ||
                          ops == &datagram_protocol_ops || ops == &subprocess_protocol_ops;
        return ours ? static_cast<BaseProtocol*>(proto.self) : nullptr;
    }
};

}  // namespace protohost::detail

namespace protohost {

inline void BaseTransport::set_protocol(std::unique_ptr<BaseProtocol> protocol) {
    if (protocol == nullptr) throw std::invalid_argument("set_protocol(): the protocol is nullptr");
    const ph_proto proto = detail::Binding::bind(context_, std::move(protocol));
    if (api().set_protocol(context_.ctx, handle_, proto) != PH_OK) {
        proto.ops->destroy(proto.self);
        throw std::invalid_argument("set_protocol(): the transport is of another kind, or lost");
    }
}

inline BaseProtocol* BaseTransport::get_protocol() const {
    return detail::Binding::protocol(api().get_protocol(context_.ctx, handle_));
}

}  // namespace protohost
