// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <protohost/abi.h>
#include <protohost/address.hpp>
#include <protohost/detail/testing/core.hpp>
#include <protohost/detail/testing/open_request.hpp>
#include <protohost/detail/testing/sendfile_request.hpp>
#include <protohost/detail/testing/tls_request.hpp>
#include <protohost/detail/testing/transport_table.hpp>

namespace protohost::detail::testing {

inline constexpr OpenMethod open_methods[] = {
    {"create_connection", "tcp", true, PH_STREAM},
    {"create_unix_connection", "unix", true, PH_STREAM},
    {"connect_accepted_socket", "", true, PH_STREAM},
    {"connect_read_pipe", "", true, PH_STREAM},
    {"connect_write_pipe", "", true, PH_STREAM},
    {"create_datagram_endpoint", "udp unixgram", true, PH_DATAGRAM},
    {"create_server", "tcp", true, PH_STREAM},
    {"create_unix_server", "unix", true, PH_STREAM},
    {"subprocess_exec", "", false, PH_SUBPROCESS},
    {"subprocess_shell", "", false, PH_SUBPROCESS},
};

/// The table's entry for one of them.
template <std::size_t Index, class Done>
ph_op open(ph_ctx* ctx, const ph_open* given, Done done) {
    Unit& unit = Unit::of(ctx);
    if (unit.gone || !unit.opens) return 0;
    ph_opened opened = nullptr;
    ph_serving serving = nullptr;
    if constexpr (std::is_same_v<Done, ph_opened>) {
        opened = done;
    } else {
        serving = done;
    }
    const ph_op op = unit.core.schedule.new_op();
    std::make_shared<OpenRequest>(unit, op, open_methods[Index], *given, opened, serving)->begin();
    return op;
}

template <std::size_t Index>
ph_op subprocess(ph_ctx* ctx, const ph_open* given, const ph_process* process, ph_opened done) {
    Unit& unit = Unit::of(ctx);
    if (unit.gone || !unit.opens) return 0;
    const ph_op op = unit.core.schedule.new_op();
    ph_open callbacks{};
    std::memcpy(&callbacks, given, std::min<std::size_t>(given->size, sizeof callbacks));
    callbacks.size = sizeof callbacks;
    callbacks.address = {};
    callbacks.local = {};
    callbacks.descriptor = -1;
    const auto request =
        std::make_shared<OpenRequest>(unit, op, open_methods[Index], callbacks, done, nullptr);
    request->process.emplace(*process);
    request->begin();
    return op;
}

inline FakeServer* find_server(ph_ctx* ctx, ph_server* handle) {
    const auto& servers = Unit::of(ctx).core.servers;
    const auto found = servers.find(std::bit_cast<std::uint64_t>(handle));
    return found == servers.end() ? nullptr : found->second.get();
}

inline ph_status server_address(ph_ctx* ctx, ph_server* handle, std::size_t index, ph_info* out) {
    const FakeServer* const server = find_server(ctx, handle);
    if (server == nullptr || index > 0) return PH_E_INVAL;
    const std::string& uri = server->request().address();
    const std::string_view text = std::string_view(uri).substr(uri.find("//") + 2);
    static thread_local Address address;
    address = Address::parse(text).value_or(Address());
    ph_info info{};
    info.kind = address ? PH_INFO_ADDRESS : PH_INFO_TEXT;
    info.text = {text.data(), text.size()};
    if (address) info.address = {address.data(), address.size(), 0};
    info.size = out->size;
    std::memcpy(out, &info, std::min<std::size_t>(out->size, sizeof info));
    return PH_OK;
}

inline ph_op sendfile(ph_ctx* ctx,
                      ph_transport* handle,
                      std::int64_t descriptor,
                      std::uint64_t offset,
                      std::uint64_t count,
                      ph_sent done,
                      void* arg) {
    Unit& unit = Unit::of(ctx);
    if (unit.gone || !unit.opens) return 0;
    FakeTransport* const transport = used(ctx, handle, "sendfile");
    const ph_op op = unit.core.schedule.new_op();
    std::make_shared<SendfileRequest>(unit, op, done, arg)
        ->begin(transport, {static_cast<int>(descriptor), offset, count});
    return op;
}

/// Recorded as "start_tls server", "start_tls client example.org".
inline ph_op start_tls(
    ph_ctx* ctx, ph_transport* handle, const ph_tls_start* start, ph_opened done, void* arg) {
    Unit& unit = Unit::of(ctx);
    if (unit.gone || !unit.opens) return 0;
    std::string operation = start->role == PH_TLS_SERVER ? "start_tls server" : "start_tls client";
    const std::string_view name = from_abi(start->server_name);
    if (!name.empty()) operation.append(" ").append(name);
    FakeTransport* const transport = used(ctx, handle, std::move(operation));
    const ph_op op = unit.core.schedule.new_op();
    std::make_shared<TlsRequest>(unit, op, done, arg)->begin(transport);
    return op;
}

inline void add_calls(ph_loop_api& api) {
    api.time = [](ph_ctx* ctx) { return Unit::of(ctx).core.schedule.now(); };
    api.call_soon = [](ph_ctx* ctx, ph_fn fn, ph_fn drop, void* arg) {
        Unit& unit = Unit::of(ctx);
        return unit.gone ? ph_op{0} : unit.core.schedule.call_soon({&unit, fn, drop, arg});
    };
    api.call_at = [](ph_ctx* ctx, std::uint64_t when, ph_fn fn, ph_fn drop, void* arg) {
        Unit& unit = Unit::of(ctx);
        return unit.gone ? ph_op{0} : unit.core.schedule.call_at(when, {&unit, fn, drop, arg});
    };
    api.cancel = [](ph_ctx* ctx, ph_op op) {
        return Unit::of(ctx).core.cancel(op) ? ph_status{PH_OK} : ph_status{PH_E_INVAL};
    };
    api.call_soon_threadsafe = [](ph_ctx* ctx, ph_fn fn, ph_fn drop, void* arg) {
        Unit& unit = Unit::of(ctx);
        const bool posted = unit.core.schedule.post({&unit, fn, drop, arg}, unit.gone);
        return posted ? ph_status{PH_OK} : ph_status{PH_E_CANCELLED};
    };
    api.run_in_executor = [](ph_ctx* ctx, ph_fn work, ph_fn done, void* arg) {
        Unit& unit = Unit::of(ctx);
        if (unit.gone || !unit.opens) return ph_op{0};
        return unit.core.run_in_executor(unit, work, done, arg);
    };
}

inline ph_loop_api loop_table() {
    ph_loop_api api{};
    api.size = sizeof api;
    add_calls(api);
    api.create_connection = open<0, ph_opened>;
    api.create_unix_connection = open<1, ph_opened>;
    api.connect_accepted_socket = open<2, ph_opened>;
    api.connect_read_pipe = open<3, ph_opened>;
    api.connect_write_pipe = open<4, ph_opened>;
    api.create_datagram_endpoint = open<5, ph_opened>;
    api.create_server = open<6, ph_serving>;
    api.create_unix_server = open<7, ph_serving>;
    api.server_close = [](ph_ctx* ctx, ph_server* handle) {
        if (FakeServer* server = find_server(ctx, handle)) server->close();
    };
    api.server_is_serving = [](ph_ctx* ctx, ph_server* handle) {
        const FakeServer* server = find_server(ctx, handle);
        return server != nullptr && server->is_serving() ? 1 : 0;
    };
    api.server_address = server_address;
    api.sendfile = sendfile;
    api.subprocess_exec = subprocess<8>;
    api.subprocess_shell = subprocess<9>;
    api.start_tls = start_tls;
    return api;
}

}  // namespace protohost::detail::testing
