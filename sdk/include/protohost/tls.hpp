// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <protohost/abi.h>
#include <protohost/detail/context.hpp>
#include <protohost/transport.hpp>

namespace protohost {

/// What was agreed on. asyncio's ssl_object, as far as a plugin has to know.
struct TlsSession {
    std::string version;  ///< "TLSv1.3"
    std::string cipher;   ///< "TLS_AES_256_GCM_SHA384"
    std::uint32_t cipher_bits = 0;
    bool resumed = false;     ///< of an earlier one
    std::string alpn;         ///< empty: nothing
    std::string server_name;  ///< what the client has asked for; empty: nothing
    std::string context;      ///< whose certificates: "listener web"
    std::uint64_t context_generation = 0;
};

/// Questions to a transport that speaks TLS. All [loop].
class SslObject {
public:
    /// nullopt: the transport speaks no TLS, or not yet.
    static std::optional<SslObject> of(const BaseTransport& transport) {
        const auto* const api = static_cast<const ph_tls_api*>(
            transport.context().host->extension(transport.context().ctx, PH_TLS_1));
        if (!PH_HAS(api, get_session)) return std::nullopt;
        SslObject object(transport, *api);
        ph_tls_session told{};
        told.size = sizeof told;
        const ph_status status =
            api->get_session(transport.context().ctx, transport.handle(), &told);
        if (status != PH_OK) return std::nullopt;
        return object;
    }

    TlsSession session() const {
        ph_tls_session told{};
        told.size = sizeof told;
        if (api_->get_session(context_.ctx, handle_, &told) != PH_OK) return {};
        return {std::string(detail::from_abi(told.version)),
                std::string(detail::from_abi(told.cipher)),
                told.cipher_bits,
                told.resumed != 0,
                std::string(detail::from_abi(told.alpn)),
                std::string(detail::from_abi(told.server_name)),
                std::string(detail::from_abi(told.context)),
                told.context_generation};
    }

    /// asyncio's getpeercert(binary_form=True): DER; empty: the peer has shown none.
    std::vector<std::byte> getpeercert() const {
        ph_iov der{};
        if (api_->get_peer_certificate(context_.ctx, handle_, &der) != PH_OK) return {};
        const auto* const bytes = static_cast<const std::byte*>(der.p);
        return {bytes, bytes + der.n};
    }

    /// RFC 5705: `size` bytes that only the two ends of this session know. Empty: OpenSSL refuses.
    std::vector<std::byte> export_keying_material(std::string_view label,
                                                  std::size_t size,
                                                  std::span<const std::byte> context = {}) const {
        std::vector<std::byte> out(size);
        const ph_status status = api_->export_keying_material(context_.ctx,
                                                              handle_,
                                                              detail::to_abi(label),
                                                              {context.data(), context.size()},
                                                              out.data(),
                                                              out.size());
        if (status != PH_OK) return {};
        return out;
    }

private:
    SslObject(const BaseTransport& transport, const ph_tls_api& api)
        : context_(transport.context()), handle_(transport.handle()), api_(&api) {}

    detail::Context context_;
    ph_transport* handle_;
    const ph_tls_api* api_;
};

}  // namespace protohost
