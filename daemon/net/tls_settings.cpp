// SPDX-License-Identifier: MIT
#include "daemon/net/tls_settings.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "daemon/base/format.hpp"
#include "daemon/model/quantity.hpp"
#include "daemon/net/openssl.hpp"

namespace protohost::net {

namespace {

/// Forward secrecy and authenticated encryption, as Mozilla's "intermediate" has them.
constexpr const char* default_ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* default_suites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* default_groups = "X25519:P-256:P-384";

// What may be asked for.
constexpr const char* strong_ciphers =
    "ALL:!aNULL:!eNULL:!PSK:!SRP:!3DES:!RC4:!MD5:!LOW:!EXPORT:@SECLEVEL=2";
constexpr const char* all_suites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"
    "TLS_AES_128_CCM_SHA256";
constexpr std::array<std::string_view, 12> strong_groups{"X25519",
                                                         "X448",
                                                         "P-256",
                                                         "P-384",
                                                         "P-521",
                                                         "brainpoolP256r1",
                                                         "brainpoolP384r1",
                                                         "brainpoolP512r1",
                                                         "ffdhe2048",
                                                         "ffdhe3072",
                                                         "ffdhe4096",
                                                         "ffdhe8192"};

constexpr int security_level = 2;  // 112 bits: RSA of 2048, and no SHA-1 in signatures

bool is_suite(const std::string& name) {
    return name.starts_with("TLS_");
}

std::vector<std::string_view> known_ciphers() {
    const OwnedSslContext scratch(SSL_CTX_new(TLS_method()));
    std::vector<std::string_view> names;
    if (scratch == nullptr) return names;
    SSL_CTX_set_cipher_list(scratch.get(), strong_ciphers);
    SSL_CTX_set_ciphersuites(scratch.get(), all_suites);
    const STACK_OF(SSL_CIPHER)* const ciphers = SSL_CTX_get_ciphers(scratch.get());
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
        names.emplace_back(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, i)));
    }
    return names;
}

/// The names joined for OpenSSL; what is none of `known` is an error.
template <class Known>
std::string join(const std::vector<const model::Written*>& names,
                 const Known& known,
                 std::string_view thing,
                 const std::string& name,
                 base::Errors& errors) {
    std::string joined;
    for (const model::Written* const written : names) {
        if (std::find(known.begin(), known.end(), written->text) == known.end()) {
            const auto meant = model::nearest(written->text, known);
            errors.push_back(
                {written->where.empty() ? name : written->where,
                 base::format("no {} \"{}\" is known that is strong enough", thing, written->text),
                 meant ? base::format("did you mean {}?", *meant)
                       : base::format("remove it, and ours are used, or name another"),
                 0});
            continue;
        }
        if (!joined.empty()) joined += ':';
        joined += written->text;
    }
    return joined;
}

template <class Wanted>
std::vector<const model::Written*> select(const std::vector<model::Written>& all, Wanted wanted) {
    std::vector<const model::Written*> selected;
    for (const model::Written& one : all) {
        if (wanted(one.text)) selected.push_back(&one);
    }
    return selected;
}

void apply_ciphers(ssl_ctx_st* context,
                   const model::Tls& tls,
                   const std::string& name,
                   base::Errors& errors) {
    const auto known = tls.ciphers.empty() ? std::vector<std::string_view>() : known_ciphers();
    const auto suites = join(select(tls.ciphers, is_suite), known, "cipher", name, errors);
    const auto ciphers =
        join(select(tls.ciphers, [](const std::string& text) { return !is_suite(text); }),
             known,
             "cipher",
             name,
             errors);
    SSL_CTX_set_ciphersuites(context, suites.empty() ? default_suites : suites.c_str());
    SSL_CTX_set_cipher_list(context, ciphers.empty() ? default_ciphers : ciphers.c_str());
}

int choose_alpn(SSL*,
                const unsigned char** chosen,
                unsigned char* size,
                const unsigned char* offered,
                unsigned offered_size,
                void* settings) {
    const std::string_view offer(reinterpret_cast<const char*>(offered), offered_size);
    for (const std::string& ours : static_cast<const model::Tls*>(settings)->alpn) {
        for (std::size_t at = 0; at < offer.size();) {
            const auto length = static_cast<unsigned char>(offer[at]);
            if (offer.substr(at + 1, length) == ours) {
                *chosen = offered + at + 1;
                *size = length;
                return SSL_TLSEXT_ERR_OK;
            }
            at += 1 + std::size_t{length};
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

base::Errors apply_parameters(ssl_ctx_st* context, const model::Tls& tls, const std::string& name) {
    base::Errors errors;
    SSL_CTX_set_security_level(context, security_level);
    SSL_CTX_set_min_proto_version(
        context, tls.minimum_version == model::TlsVersion::tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(context, 0);
    SSL_CTX_set_options(context,
                        SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                            SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    // Buffers are there only while there is something in them.
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_dh_auto(context, 1);
    apply_ciphers(context, tls, name, errors);
    const auto groups = join(select(tls.groups, [](const std::string&) { return true; }),
                             strong_groups,
                             "group",
                             name,
                             errors);
    SSL_CTX_set1_groups_list(context, groups.empty() ? default_groups : groups.c_str());
    return errors;
}

void serve_alpn(ssl_ctx_st* context, const model::Tls& tls) {
    if (tls.alpn.empty()) return;
    SSL_CTX_set_alpn_select_cb(context, choose_alpn, const_cast<model::Tls*>(&tls));
}

void offer_alpn(ssl_ctx_st* context, const model::Tls& tls) {
    std::string offer;
    for (const std::string& name : tls.alpn) {
        offer += static_cast<char>(name.size());
        offer += name;
    }
    SSL_CTX_set_alpn_protos(context,
                            reinterpret_cast<const unsigned char*>(offer.data()),
                            static_cast<unsigned>(offer.size()));
}

}  // namespace protohost::net
