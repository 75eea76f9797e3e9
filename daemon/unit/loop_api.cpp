// SPDX-License-Identifier: MIT
#include "daemon/unit/loop_api.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "daemon/net/loop_time.hpp"
#include "daemon/unit/context.hpp"
#include "daemon/unit/entry_name.hpp"
#include "daemon/unit/loop_services.hpp"
#include "daemon/unit/server.hpp"

namespace protohost::unit {

namespace {

using Family = LoopServices::Family;

/// nullptr: on another thread than the loop's, which the log says, or where no unit serves.
LoopServices* services(ph_ctx* ctx, std::string_view function) {
    return ctx->is_on_loop(function) ? ctx->services : nullptr;
}

/// The entry for a service that takes what the entry takes.
template <EntryName name, auto Method, class... Args>
ph_op call(ph_ctx* ctx, Args... args) {
    LoopServices* const found = services(ctx, name.text);
    return found != nullptr ? (found->*Method)(args...) : 0;
}

template <EntryName name, auto Method, class Done>
ph_op open(ph_ctx* ctx, const ph_open* request, Done done) {
    LoopServices* const found = services(ctx, name.text);
    return found != nullptr ? (found->*Method)(*request, done) : 0;
}

template <EntryName name, auto Method, Family family, class Done>
ph_op open(ph_ctx* ctx, const ph_open* request, Done done) {
    LoopServices* const found = services(ctx, name.text);
    return found != nullptr ? (found->*Method)(*request, done, family) : 0;
}

template <EntryName name, ProcessRequest::How how>
ph_op subprocess(ph_ctx* ctx, const ph_open* request, const ph_process* process, ph_opened done) {
    LoopServices* const found = services(ctx, name.text);
    return found != nullptr ? found->subprocess(*request, *process, done, how) : 0;
}

ph_op sendfile(ph_ctx* ctx,
               ph_transport* transport,
               std::int64_t descriptor,
               std::uint64_t offset,
               std::uint64_t count,
               ph_sent done,
               void* arg) {
    return call<"sendfile", &LoopServices::sendfile>(
        ctx, transport, static_cast<int>(descriptor), offset, count, done, arg);
}

ph_status cancel(ph_ctx* ctx, ph_op op) {
    if (!ctx->is_on_loop("cancel")) return PH_E_WRONG_THREAD;
    if (!LoopServices::owns(op)) return ctx->calls.cancel(op);
    return ctx->services != nullptr ? ctx->services->cancel(op) : PH_E_INVAL;
}

Server* find(ph_ctx* ctx, ph_server* server, std::string_view function) {
    LoopServices* const found = services(ctx, function);
    return found != nullptr ? found->find(server) : nullptr;
}

ph_status server_address(ph_ctx* ctx, ph_server* handle, std::size_t index, ph_info* out) {
    if (!ctx->is_on_loop("server_address")) return PH_E_WRONG_THREAD;
    const Server* const server = find(ctx, handle, "server_address");
    if (server == nullptr || index >= server->acceptors().size()) return PH_E_INVAL;
    net::InfoScratch& scratch = ctx->loop.info_scratch();
    scratch.address = server->acceptors()[index]->local();
    scratch.text = scratch.address.text();
    ph_info info{};
    info.kind = PH_INFO_ADDRESS;
    info.text = {scratch.text.data(), scratch.text.size()};
    info.address = {scratch.address.data(), scratch.address.size(), 0};
    info.size = out->size;
    std::memcpy(out, &info, std::min<std::size_t>(out->size, sizeof info));
    return PH_OK;
}

}  // namespace

ph_loop_api loop_api() {
    ph_loop_api api{};
    api.size = sizeof api;
    api.time = [](ph_ctx*) { return net::loop_time(std::chrono::steady_clock::now()); };
    api.call_soon = [](ph_ctx* ctx, ph_fn fn, ph_fn drop, void* arg) {
        return ctx->is_on_loop("call_soon") ? ctx->calls.call_soon({fn, drop, arg}) : 0;
    };
    api.call_at = [](ph_ctx* ctx, std::uint64_t when, ph_fn fn, ph_fn drop, void* arg) {
        return ctx->is_on_loop("call_at") ? ctx->calls.call_at(when, {fn, drop, arg}) : 0;
    };
    api.cancel = cancel;
    api.call_soon_threadsafe = [](ph_ctx* ctx, ph_fn fn, ph_fn drop, void* arg) {
        return ctx->calls.post({fn, drop, arg});
    };
    api.create_server =
        open<"create_server", &LoopServices::create_server, Family::tcp, ph_serving>;
    api.create_unix_server =
        open<"create_unix_server", &LoopServices::create_server, Family::unix, ph_serving>;
    api.create_connection =
        open<"create_connection", &LoopServices::create_connection, Family::tcp, ph_opened>;
    api.create_unix_connection =
        open<"create_unix_connection", &LoopServices::create_connection, Family::unix, ph_opened>;
    api.connect_accepted_socket =
        open<"connect_accepted_socket", &LoopServices::connect_accepted_socket, ph_opened>;
    api.create_datagram_endpoint =
        open<"create_datagram_endpoint", &LoopServices::create_datagram_endpoint, ph_opened>;
    api.connect_read_pipe = open<"connect_read_pipe", &LoopServices::connect_read_pipe, ph_opened>;
    api.connect_write_pipe =
        open<"connect_write_pipe", &LoopServices::connect_write_pipe, ph_opened>;
    api.server_close = [](ph_ctx* ctx, ph_server* handle) {
        if (Server* const server = find(ctx, handle, "server_close")) server->close();
    };
    api.server_is_serving = [](ph_ctx* ctx, ph_server* handle) {
        const Server* const server = find(ctx, handle, "server_is_serving");
        return server != nullptr && server->is_serving() ? 1 : 0;
    };
    api.server_address = server_address;
    api.sendfile = sendfile;
    api.run_in_executor = [](ph_ctx* ctx, ph_fn work, ph_fn done, void* arg) {
        return call<"run_in_executor", &LoopServices::run_in_executor>(ctx, work, done, arg);
    };
    api.start_tls = [](ph_ctx* ctx,
                       ph_transport* transport,
                       const ph_tls_start* start,
                       ph_opened done,
                       void* arg) {
        LoopServices* const found = services(ctx, "start_tls");
        return found != nullptr ? found->start_tls(transport, *start, done, arg) : ph_op{0};
    };
    api.subprocess_exec = subprocess<"subprocess_exec", ProcessRequest::How::exec>;
    api.subprocess_shell = subprocess<"subprocess_shell", ProcessRequest::How::shell>;
    return api;
}

}  // namespace protohost::unit
