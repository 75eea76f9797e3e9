// SPDX-License-Identifier: MIT
#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "daemon/net/tls_session.hpp"

// What there is to know about a session.

namespace protohost::net {

std::string_view TlsSession::version() const {
    return SSL_get_version(ssl_.get());
}

std::string_view TlsSession::cipher() const {
    return SSL_CIPHER_get_name(SSL_get_current_cipher(ssl_.get()));
}

int TlsSession::cipher_bits() const {
    return SSL_CIPHER_get_bits(SSL_get_current_cipher(ssl_.get()), nullptr);
}

std::string_view TlsSession::alpn() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
}

std::string_view TlsSession::server_name() const {
    const char* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name != nullptr ? name : std::string_view();
}

bool TlsSession::reused() const {
    return SSL_session_reused(ssl_.get()) == 1;
}

std::string TlsSession::peer_subject() const {
    const X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
    if (certificate == nullptr) return {};
    const std::unique_ptr<BIO, int (*)(BIO*)> text(BIO_new(BIO_s_mem()), BIO_free);
    if (text == nullptr) return {};
    X509_NAME_print_ex(
        text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    char* data = nullptr;
    const long size = BIO_ctrl(text.get(), BIO_CTRL_INFO, 0, &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string TlsSession::peer_certificate() const {
    X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
    const int size = certificate != nullptr ? i2d_X509(certificate, nullptr) : 0;
    if (size <= 0) return {};
    std::string der(static_cast<std::size_t>(size), '\0');
    auto* to = reinterpret_cast<unsigned char*>(der.data());
    i2d_X509(certificate, &to);
    return der;
}

std::optional<std::string> TlsSession::describe(std::string_view name) const {
    if (name == "cipher") {
        return std::string(cipher()) + " " + std::string(version()) + " " +
               std::to_string(cipher_bits());
    }
    if (name == "compression") return "";  // there is none any more
    if (name == "peercert") return peer_subject();
    if (name == "sslcontext") return context_->name();
    if (name == "ssl_object") return "ph.tls/1";
    if (name == "version") return std::string(version());
    if (name == "alpn") return std::string(alpn());
    if (name == "sni") return std::string(server_name());
    if (name == "session_reused") return reused() ? "true" : "false";
    return std::nullopt;
}

bool TlsSession::export_keying_material(std::string_view label,
                                        std::span<const std::byte> context,
                                        std::span<std::byte> out) const {
    return SSL_export_keying_material(ssl_.get(),
                                      reinterpret_cast<unsigned char*>(out.data()),
                                      out.size(),
                                      label.data(),
                                      label.size(),
                                      reinterpret_cast<const unsigned char*>(context.data()),
                                      context.size(),
                                      context.data() != nullptr ? 1 : 0) == 1;
}

}  // namespace protohost::net
