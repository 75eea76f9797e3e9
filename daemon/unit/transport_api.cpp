// SPDX-License-Identifier: MIT
#include "daemon/unit/transport_api.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "daemon/net/transport.hpp"
#include "daemon/net/write_queue.hpp"
#include "daemon/unit/generation.hpp"

namespace protohost::unit {

namespace {

using net::Transport;

/// nullptr, and a line in the log, for a handle that was kept too long.
Transport* alive(ph_ctx* ctx, ph_transport* handle) {
    Transport* transport = ctx->loop.references().find(reinterpret_cast<ph_ref>(handle));
    if (transport == nullptr) ctx->report_stale_transport();
    return transport;
}

/// The entry of the table for a method that takes what the entry takes, and answers `stale` where
/// the transport is gone.
template <auto Method, class... Args>
auto call(ph_ctx* ctx, ph_transport* handle, Args... args) {
    Transport* const transport = alive(ctx, handle);
    using Answer = decltype((transport->*Method)(args...));
    if constexpr (std::is_void_v<Answer>) {
        if (transport != nullptr) (transport->*Method)(args...);
    } else if constexpr (std::is_same_v<Answer, ph_status>) {
        return transport != nullptr ? (transport->*Method)(args...) : ph_status{PH_E_CLOSED};
    } else {
        return transport != nullptr ? (transport->*Method)(args...) : Answer{};
    }
}

ph_status get_extra_info(ph_ctx* ctx, ph_transport* handle, ph_str name, ph_info* out) {
    Transport* const transport = alive(ctx, handle);
    if (transport == nullptr) return PH_E_CLOSED;
    // The caller's struct may be shorter than ours: fill a whole one, hand over what fits.
    ph_info info{};
    const ph_status status = transport->get_extra_info({name.p, name.n}, info);
    info.size = out->size;
    std::memcpy(out, &info, std::min<std::size_t>(out->size, sizeof info));
    return status;
}

ph_status write_owned(ph_ctx* ctx, ph_transport* handle, ph_iov data, ph_fn release, void* arg) {
    Transport* const transport = alive(ctx, handle);
    if (transport != nullptr) return transport->write_owned(data, release, arg);
    net::WriteQueue::give_back(release, arg);
    return PH_E_CLOSED;
}

void get_write_buffer_limits(ph_ctx* ctx,
                             ph_transport* handle,
                             std::size_t* low,
                             std::size_t* high) {
    *low = 0;
    *high = 0;
    Transport* const transport = alive(ctx, handle);
    if (transport != nullptr) transport->get_write_buffer_limits(*low, *high);
}

std::int32_t is_closing(ph_ctx* ctx, ph_transport* handle) {
    Transport* const transport = alive(ctx, handle);
    return transport == nullptr || transport->is_closing() ? 1 : 0;
}

ph_status get_returncode(ph_ctx* ctx, ph_transport* handle, std::int32_t* code) {
    Transport* const transport = alive(ctx, handle);
    return transport != nullptr ? transport->get_returncode(*code) : ph_status{PH_E_CLOSED};
}

ph_status send_signal(ph_ctx* ctx, ph_transport* handle, std::int32_t signal, std::uint32_t flags) {
    Transport* const transport = alive(ctx, handle);
    if (transport == nullptr) return PH_E_CLOSED;
    if ((flags & ~std::uint32_t{PH_SIGNAL_GROUP}) != 0) return PH_E_UNSUPPORTED;
    const bool group = (flags & PH_SIGNAL_GROUP) != 0;
    return transport->send_signal(signal, group ? net::SignalTo::group : net::SignalTo::process);
}

ph_transport* deref(ph_ctx* ctx, ph_ref reference) {
    Transport* const transport = ctx->loop.references().find(reference);
    return transport != nullptr ? transport->handle() : nullptr;
}

}  // namespace

ph_transport_api transport_api() {
    ph_transport_api api{};
    api.size = sizeof api;
    api.close = call<&Transport::close>;
    api.abort = call<&Transport::abort>;
    api.is_closing = is_closing;
    api.get_extra_info = get_extra_info;
    api.set_protocol = call<&Transport::set_protocol>;
    api.get_protocol = call<&Transport::get_protocol>;
    api.pause_reading = call<&Transport::pause_reading>;
    api.resume_reading = call<&Transport::resume_reading>;
    api.is_reading = [](ph_ctx* ctx, ph_transport* handle) {
        return call<&Transport::is_reading>(ctx, handle) ? 1 : 0;
    };
    api.write = call<&Transport::write>;
    api.writelines = call<&Transport::writelines>;
    api.write_owned = write_owned;
    api.write_eof = call<&Transport::write_eof>;
    api.can_write_eof = [](ph_ctx* ctx, ph_transport* handle) {
        return call<&Transport::can_write_eof>(ctx, handle) ? 1 : 0;
    };
    api.set_write_buffer_limits = call<&Transport::set_write_buffer_limits>;
    api.get_write_buffer_limits = get_write_buffer_limits;
    api.get_write_buffer_size = call<&Transport::get_write_buffer_size>;
    api.ref = call<&Transport::ref>;
    api.deref = deref;
    api.sendto = call<&Transport::sendto>;
    api.get_pid = [](ph_ctx* ctx, ph_transport* handle) {
        return std::int64_t{call<&Transport::get_pid>(ctx, handle)};
    };
    api.get_pipe_transport = call<&Transport::get_pipe_transport, std::int32_t>;
    api.get_returncode = get_returncode;
    api.send_signal = send_signal;
    return api;
}

}  // namespace protohost::unit
