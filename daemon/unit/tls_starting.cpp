// SPDX-License-Identifier: MIT
#include "daemon/unit/tls_starting.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>
#include <utility>

#include "daemon/net/transport.hpp"

namespace protohost::unit {

namespace {

/// The caller's struct may be shorter than ours: what it does not have is zero.
ph_tls_start whole(const ph_tls_start& given) {
    ph_tls_start start{};
    std::memcpy(&start, &given, std::min<std::size_t>(given.size, sizeof start));
    return start;
}

std::string_view refusal(ph_status status) {
    switch (status) {
        case PH_E_CLOSED:
            return "the transport is closing, or its peer has ended";
        case PH_E_EOF_WRITTEN:
            return "start_tls() after write_eof()";
        case PH_E_BUSY:
            return "another start_tls or a sendfile is under way";
        default:
            return "this transport cannot start TLS: it is no socket, or speaks TLS already";
    }
}

}  // namespace

TlsStarting::TlsStarting(LoopServices& services,
                         ph_op op,
                         ph_transport* transport,
                         const ph_tls_start& given,
                         ph_opened done,
                         void* arg)
    : Operation(services, op), transport_(transport), done_(done), arg_(arg) {
    const ph_tls_start start = whole(given);
    if (start.role == PH_TLS_CLIENT) role_ = net::TlsContext::Role::client;
    if (start.role != PH_TLS_CLIENT && start.role != PH_TLS_SERVER) {
        refused_ = {PH_E_INVAL, 0, "start_tls needs a role: PH_TLS_SERVER or PH_TLS_CLIENT"};
    }
    start_.server_name = std::string(start.server_name.p, start.server_name.n);
    start_.received = std::string(static_cast<const char*>(start.received.p), start.received.n);
    start_.timeout = as_duration(start.timeout);
}

net::Transport* TlsStarting::transport() {
    return services().shared().loop.references().find(std::bit_cast<ph_ref>(transport_));
}

void TlsStarting::begin() {
    net::Transport* const on = transport();
    if (!refused_.text.empty() || !find_context()) return complete_soon();
    const bool waits = start_.context == nullptr;
    const ph_status status = on != nullptr ? start(*on) : ph_status{PH_E_CLOSED};
    under_way_ = status == PH_OK;
    if (under_way_ && waits) await_context();
    if (under_way_) return;
    refused_ = {status, 0, std::string(refusal(status))};
    complete_soon();
}

bool TlsStarting::find_context() {
    auto context = services().tls_context(role_);
    if (context) {
        start_.context = std::move(*context);
        return true;
    }
    refused_ = {PH_E_UNSUPPORTED, 0, OpenError::of(context.error()).text};
    return false;
}

void TlsStarting::await_context() {
    context_ = services().client_context().wait([this](const ClientContext::Made& made) {
        context_ = 0;
        if (!made) {
            return complete_failed({PH_E_UNSUPPORTED, 0, OpenError::of(made.error()).text});
        }
        // It is there: else this would have been told of its end.
        transport()->give_tls_context(*made);
    });
}

ph_status TlsStarting::start(net::Transport& transport) {
    return transport.start_tls(std::move(start_),
                               [this](ph_status status, int os_errno, const std::string& text) {
                                   finished(status, os_errno, text);
                               });
}

void TlsStarting::finished(ph_status status, int os_errno, const std::string& text) {
    under_way_ = false;
    if (status != PH_OK) return complete_failed({status, os_errno, text});
    complete([this] {
        services().binding()->context().guard("a completion",
                                              [this] { done_(arg_, nullptr, transport_); });
    });
}

bool TlsStarting::withdraw() {
    // One that was refused must not stop the one that it was refused for.
    if (!std::exchange(under_way_, false)) return true;
    services().client_context().forget(std::exchange(context_, 0));
    if (net::Transport* const on = transport()) on->cancel_start_tls();
    return true;
}

void TlsStarting::fail(const OpenError& error) {
    withdraw();  // where its services go
    const ph_error why = error.to_abi();
    services().binding()->context().guard("a completion", [&] { done_(arg_, &why, nullptr); });
}

}  // namespace protohost::unit
