// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <unistd.h>
#include <utility>

#include <protohost/detail/callbacks.hpp>
#include <protohost/loop.hpp>
#include <protohost/server.hpp>

// The way from the loop's services to an author's protocol factory and completion.

namespace protohost::detail {

/// "tcp://127.0.0.1:80", "tcp://[::1]:80".
inline std::string address_of(std::string_view scheme, std::string_view host, std::uint16_t port) {
    const bool bare_ipv6 = host.find(':') != std::string_view::npos && !host.starts_with('[');
    std::string text(scheme);
    text.append("://").append(bare_ipv6 ? "[" : "").append(host).append(bare_ipv6 ? "]" : "");
    return text.append(":").append(std::to_string(port));
}

/// "unix:///run/x.sock", "unix:@name".
inline std::string unix_address_of(std::string_view scheme, std::string_view path) {
    std::string text(scheme);
    return text.append(path.starts_with('@') ? ":" : "://").append(path);
}

/// "udp://127.0.0.1:53", "unixgram:///run/x.sock"; empty stays empty.
inline std::string datagram_address_of(std::string_view text) {
    if (text.empty()) return {};
    if (text.starts_with('/') || text.starts_with('@')) return unix_address_of("unixgram", text);
    return std::string("udp://").append(text);
}

/// For the author's functions that have nobody to tell.
template <class F>
void logging_what_it_throws(const Context& context, F&& call) noexcept {
    try {
        std::forward<F>(call)();
    } catch (const std::exception& exception) {
        context.log_error(exception.what());
    } catch (...) {
        context.log_error("a completion threw no std::exception");
    }
}

/// A factory and a completion on their way through the loop.
template <class Opened, class Handle, class Factory, class Done>
struct Opening {
    Context context;
    std::string_view what;
    Factory factory;
    Done done;

    static ph_status make(void* self, ph_proto* out) {
        auto& opening = *static_cast<Opening*>(self);
        return guarded(opening.context, [&] {
            *out = Binding::bind(opening.context, opening.factory());
            return ph_status{PH_OK};
        });
    }

    static void opened(void* self, const ph_error* why, Handle* handle) noexcept {
        auto& opening = *static_cast<Opening*>(self);
        logging_what_it_throws(opening.context, [&] {
            if (why == nullptr) return opening.complete(nullptr, Opened(opening.context, handle));
            const Error error{why->code, why->os_errno, from_abi(why->msg)};
            opening.complete(&error, Opened());
        });
    }

    static void drop(void* self) noexcept { delete static_cast<Opening*>(self); }

    void complete(const Error* exc, Opened result) {
        if constexpr (std::is_same_v<Done, LogFailure>) {
            static_cast<void>(result);
            if (exc != nullptr && exc->status != PH_E_CANCELLED) {
                context.log_error(std::string(what).append(": ").append(exc->message));
            }
        } else {
            done(exc, result);
        }
    }
};

/// Where a service is told to open something.
struct Place {
    std::string address = {};
    std::string local = {};
    int descriptor = -1;
    std::chrono::nanoseconds timeout{0};
    bool tls = false;
    std::string_view server_name = {};
};

/// One of the loop's services: its name for people, and its entry in the table.
template <class Begin>
struct Service {
    std::string_view name;
    Begin begin;
};
template <class Begin>
Service(const char*, Begin) -> Service<Begin>;

/// Hands over to `service`, which opens a ph_transport or a ph_server. `place.descriptor` is the
/// daemon's, and closed here where it does not take it.
template <class Opened, class Raw, class Begin, class Factory, class Done>
Handle open(
    Context context, Service<Begin> service, const Place& place, Factory factory, Done done) {
    using Way = Opening<Opened, Raw, Factory, Done>;
    if (place.timeout.count() < 0) {
        throw std::invalid_argument(std::string(service.name) + "(): the timeout is negative");
    }
    std::unique_ptr<Way> way(new Way{context, service.name, std::move(factory), std::move(done)});
    ph_open open{};
    open.size = sizeof open;
    open.address = to_abi(place.address);
    open.local = to_abi(place.local);
    open.descriptor = place.descriptor;
    open.timeout = static_cast<std::uint64_t>(place.timeout.count());
    open.flags = place.tls ? std::uint32_t{PH_OPEN_TLS} : 0;
    open.server_name = to_abi(place.server_name);
    open.make = Way::make;
    open.drop = Way::drop;
    open.arg = way.get();
    const ph_op op = service.begin(context.ctx, &open, Way::opened);
    if (op != 0) {
        static_cast<void>(way.release());
    } else if (place.descriptor >= 0) {
        ::close(place.descriptor);  // the author has given it away
    }
    // The analyzer does not see that the loop calls drop.
    return {context, op};  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks)
}

}  // namespace protohost::detail
