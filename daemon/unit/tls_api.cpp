// SPDX-License-Identifier: MIT
#include "daemon/unit/tls_api.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

#include "daemon/net/tls_session.hpp"
#include "daemon/net/transport.hpp"
#include "daemon/unit/generation.hpp"

namespace protohost::unit {

namespace {

/// nullptr: the transport is gone, speaks no TLS, or not yet.
const net::TlsSession* session(ph_ctx* ctx, ph_transport* handle) {
    const net::Transport* const transport =
        ctx->loop.references().find(reinterpret_cast<ph_ref>(handle));
    return transport != nullptr ? transport->tls() : nullptr;
}

ph_str text(std::string_view view) {
    return {view.data(), view.size()};
}

ph_status get_session(ph_ctx* ctx, ph_transport* handle, ph_tls_session* out) {
    const net::TlsSession* const found = session(ctx, handle);
    if (found == nullptr) return PH_E_UNSUPPORTED;
    ph_tls_session told{};
    told.version = text(found->version());
    told.cipher = text(found->cipher());
    told.cipher_bits = static_cast<std::uint32_t>(found->cipher_bits());
    told.resumed = found->reused() ? 1 : 0;
    told.alpn = text(found->alpn());
    told.server_name = text(found->server_name());
    told.context = text(found->context().name());
    told.context_generation = found->context().generation();
    told.size = out->size;
    std::memcpy(out, &told, std::min<std::size_t>(out->size, sizeof told));
    return PH_OK;
}

ph_status get_peer_certificate(ph_ctx* ctx, ph_transport* handle, ph_iov* der) {
    *der = {};
    const net::TlsSession* const found = session(ctx, handle);
    if (found == nullptr) return PH_E_UNSUPPORTED;
    std::string& scratch = ctx->loop.info_scratch().text;
    scratch = found->peer_certificate();
    if (scratch.empty()) return PH_OK;
    *der = {scratch.data(), scratch.size()};
    return PH_OK;
}

ph_status export_keying_material(
    ph_ctx* ctx, ph_transport* handle, ph_str label, ph_iov context, void* out, std::size_t size) {
    const net::TlsSession* const found = session(ctx, handle);
    if (found == nullptr) return PH_E_UNSUPPORTED;
    const bool exported =
        found->export_keying_material({label.p, label.n},
                                      {static_cast<const std::byte*>(context.p), context.n},
                                      {static_cast<std::byte*>(out), size});
    return exported ? PH_OK : PH_E_TLS;
}

constexpr ph_tls_api api{
    sizeof(ph_tls_api), 0, get_session, get_peer_certificate, export_keying_material};

}  // namespace

const ph_tls_api& tls_api() {
    return api;
}

}  // namespace protohost::unit
