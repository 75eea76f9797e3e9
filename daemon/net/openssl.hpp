// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

// OpenSSL's objects with an owner. For sources: what others include names none of them.

namespace protohost::net {

template <auto release>
struct Releases {
    template <class T>
    void operator()(T* object) const {
        release(object);
    }
};

using OwnedBio = std::unique_ptr<BIO, Releases<BIO_free>>;
using OwnedKey = std::unique_ptr<EVP_PKEY, Releases<EVP_PKEY_free>>;
using OwnedCertificate = std::unique_ptr<X509, Releases<X509_free>>;
using OwnedStore = std::unique_ptr<X509_STORE, Releases<X509_STORE_free>>;
using OwnedSession = std::unique_ptr<SSL_SESSION, Releases<SSL_SESSION_free>>;
using OwnedSslContext = std::unique_ptr<SSL_CTX, Releases<SSL_CTX_free>>;

/// Reads `text`, which must outlive it.
inline OwnedBio read_from(const std::string& text) {
    return OwnedBio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// "ee key too small": what the last call that failed on this thread says, which is then forgotten.
inline std::string openssl_reason() {
    const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
    std::string text = reason != nullptr ? reason : "OpenSSL does not say why";
    ERR_clear_error();
    return text;
}

}  // namespace protohost::net
