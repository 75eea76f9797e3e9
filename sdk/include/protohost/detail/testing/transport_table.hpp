// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include <protohost/abi.h>
#include <protohost/detail/context.hpp>
#include <protohost/detail/testing/core.hpp>
#include <protohost/detail/testing/fake_transport.hpp>
#include <protohost/detail/testing/write_queue.hpp>

// The transport table. What changes a transport is recorded, under asyncio's name for it.

namespace protohost::detail::testing {

inline FakeTransport* find_transport(ph_ctx* ctx, ph_ref reference) {
    const auto& transports = Unit::of(ctx).core.transports;
    const auto found = transports.find(reference);
    return found == transports.end() ? nullptr : found->second.get();
}

/// nullptr, and a line in the log, for a handle that was kept too long.
inline FakeTransport* alive(ph_ctx* ctx, ph_transport* handle) {
    FakeTransport* transport = find_transport(ctx, std::bit_cast<ph_ref>(handle));
    Unit& unit = Unit::of(ctx);
    if (transport == nullptr && !std::exchange(unit.stale_transport_reported, true)) {
        unit.core.log.write(
            PH_LOG_WARN,
            "a transport was used after its connection was lost; the call did nothing "
            "(said once; keep transport.ref() for what comes later)");
    }
    return transport;
}

/// As alive(), and records the operation.
inline FakeTransport* used(ph_ctx* ctx, ph_transport* handle, std::string operation) {
    FakeTransport* const transport = alive(ctx, handle);
    if (transport != nullptr) transport->record(std::move(operation));
    return transport;
}

inline std::string with_size(const char* name, std::size_t size) {
    return std::string(name) + ' ' + std::to_string(size);
}

inline void add_life(ph_transport_api& api) {
    api.close = [](ph_ctx* ctx, ph_transport* handle) {
        if (auto* transport = used(ctx, handle, "close")) transport->close();
    };
    api.abort = [](ph_ctx* ctx, ph_transport* handle) {
        if (auto* transport = used(ctx, handle, "abort")) transport->abort();
    };
    api.is_closing = [](ph_ctx* ctx, ph_transport* handle) {
        auto* transport = alive(ctx, handle);
        return transport == nullptr || transport->is_closing() ? 1 : 0;
    };
    api.get_extra_info = [](ph_ctx* ctx, ph_transport* handle, ph_str name, ph_info* out) {
        auto* transport = alive(ctx, handle);
        if (transport == nullptr) return ph_status{PH_E_CLOSED};
        ph_info info{};
        const ph_status status = transport->get_extra_info(from_abi(name), info);
        info.size = out->size;
        std::memcpy(out, &info, std::min<std::size_t>(out->size, sizeof info));
        return status;
    };
    api.set_protocol = [](ph_ctx* ctx, ph_transport* handle, ph_proto next) {
        auto* transport = used(ctx, handle, "set_protocol");
        return transport == nullptr ? ph_status{PH_E_CLOSED} : transport->set_protocol(next);
    };
    api.get_protocol = [](ph_ctx* ctx, ph_transport* handle) {
        auto* transport = alive(ctx, handle);
        return transport == nullptr ? ph_proto{} : transport->get_protocol();
    };
    api.ref = [](ph_ctx* ctx, ph_transport* handle) {
        auto* transport = alive(ctx, handle);
        return transport == nullptr ? ph_ref{0} : transport->ref();
    };
    api.deref = [](ph_ctx* ctx, ph_ref reference) {
        auto* transport = find_transport(ctx, reference);
        return transport == nullptr ? nullptr : transport->handle();
    };
}

inline void add_reading(ph_transport_api& api) {
    api.pause_reading = [](ph_ctx* ctx, ph_transport* handle) {
        if (auto* transport = used(ctx, handle, "pause_reading")) transport->pause_reading();
    };
    api.resume_reading = [](ph_ctx* ctx, ph_transport* handle) {
        if (auto* transport = used(ctx, handle, "resume_reading")) transport->resume_reading();
    };
    api.is_reading = [](ph_ctx* ctx, ph_transport* handle) {
        auto* transport = alive(ctx, handle);
        return transport != nullptr && transport->is_reading() ? 1 : 0;
    };
}

inline void add_writing(ph_transport_api& api) {
    api.write = [](ph_ctx* ctx, ph_transport* handle, const void* data, std::size_t n) {
        auto* transport = used(ctx, handle, with_size("write", n));
        return transport == nullptr ? ph_status{PH_E_CLOSED} : transport->write(data, n);
    };
    api.writelines =
        [](ph_ctx* ctx, ph_transport* handle, const ph_iov* pieces, std::size_t count) {
            std::size_t size = 0;
            for (std::size_t i = 0; i < count; ++i) size += pieces[i].n;
            auto* transport = used(ctx, handle, with_size("writelines", size));
            return transport == nullptr ? ph_status{PH_E_CLOSED}
                                        : transport->writelines(pieces, count);
        };
    api.write_owned = [](ph_ctx* ctx, ph_transport* handle, ph_iov data, ph_fn release, void* arg) {
        auto* transport = used(ctx, handle, with_size("write_owned", data.n));
        if (transport != nullptr) return transport->write_owned(data, release, arg);
        give_back(release, arg);
        return ph_status{PH_E_CLOSED};
    };
    api.write_eof = [](ph_ctx* ctx, ph_transport* handle) {
        auto* transport = used(ctx, handle, "write_eof");
        return transport == nullptr ? ph_status{PH_E_CLOSED} : transport->write_eof();
    };
    api.can_write_eof = [](ph_ctx* ctx, ph_transport* handle) {
        auto* transport = alive(ctx, handle);
        return transport != nullptr && transport->can_write_eof() ? 1 : 0;
    };
    api.sendto =
        [](ph_ctx* ctx, ph_transport* handle, const void* data, std::size_t n, ph_addr to) {
            auto* transport = used(ctx, handle, with_size("sendto", n));
            return transport == nullptr ? ph_status{PH_E_CLOSED} : transport->sendto(data, n, to);
        };
}

inline void add_flow_control(ph_transport_api& api) {
    api.set_write_buffer_limits =
        [](ph_ctx* ctx, ph_transport* handle, std::int64_t high, std::int64_t low) {
            const auto number = [](std::int64_t limit) {
                return limit == -1 ? std::string(" none") : ' ' + std::to_string(limit);
            };
            auto* transport =
                used(ctx, handle, "set_write_buffer_limits" + number(high) + number(low));
            return transport == nullptr ? ph_status{PH_E_CLOSED}
                                        : transport->set_write_buffer_limits(high, low);
        };
    api.get_write_buffer_limits =
        [](ph_ctx* ctx, ph_transport* handle, std::size_t* low, std::size_t* high) {
            *low = 0;
            *high = 0;
            if (auto* transport = alive(ctx, handle))
                transport->get_write_buffer_limits(*low, *high);
        };
    api.get_write_buffer_size = [](ph_ctx* ctx, ph_transport* handle) {
        auto* transport = alive(ctx, handle);
        return transport == nullptr ? std::size_t{0} : transport->get_write_buffer_size();
    };
}

inline void add_processes(ph_transport_api& api) {
    api.get_pid = [](ph_ctx* ctx, ph_transport* handle) {
        auto* transport = alive(ctx, handle);
        return transport == nullptr ? std::int64_t{0} : transport->get_pid();
    };
    api.get_pipe_transport = [](ph_ctx* ctx, ph_transport* handle, std::int32_t fd) {
        auto* transport = alive(ctx, handle);
        return transport == nullptr ? nullptr : transport->get_pipe_transport(fd);
    };
    api.get_returncode = [](ph_ctx* ctx, ph_transport* handle, std::int32_t* code) {
        auto* transport = alive(ctx, handle);
        return transport == nullptr ? ph_status{PH_E_CLOSED} : transport->get_returncode(*code);
    };
    api.send_signal =
        [](ph_ctx* ctx, ph_transport* handle, std::int32_t signal, std::uint32_t flags) {
            const bool group = flags == PH_SIGNAL_GROUP;
            auto* transport = used(ctx,
                                   handle,
                                   with_size(group ? "send_signal_to_group" : "send_signal",
                                             static_cast<std::size_t>(signal)));
            if (transport == nullptr) return ph_status{PH_E_CLOSED};
            if (!group && flags != 0) return ph_status{PH_E_UNSUPPORTED};
            return transport->send_signal(signal, group);
        };
}

inline ph_transport_api transport_table() {
    ph_transport_api api{};
    api.size = sizeof api;
    add_life(api);
    add_reading(api);
    add_writing(api);
    add_flow_control(api);
    add_processes(api);
    return api;
}

}  // namespace protohost::detail::testing
