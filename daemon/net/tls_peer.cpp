// SPDX-License-Identifier: MIT
#include "daemon/net/tls_peer.hpp"

#include <algorithm>

#include "daemon/model/quantity.hpp"
#include "daemon/net/tls_certificate.hpp"
#include "daemon/net/tls_pair.hpp"

namespace protohost::net {

namespace {

bool bears_one_of(const X509* certificate, const std::vector<std::string>& wanted) {
    const auto names = names_in(certificate);
    return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& pattern) {
        return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
            return stands_for(model::lower_case(pattern), name);
        });
    });
}

/// OpenSSL's own verification first, then the names that we want one of.
int verify_with_names(X509_STORE_CTX* verification, void* peer) {
    const int result = X509_verify_cert(verification);
    const auto& names = static_cast<const model::TlsPeer*>(peer)->names;
    if (result != 1 || bears_one_of(X509_STORE_CTX_get0_cert(verification), names)) return result;
    X509_STORE_CTX_set_error(verification, X509_V_ERR_HOSTNAME_MISMATCH);
    return 0;
}

}  // namespace

base::Result<OwnedStore> load_authorities(const model::TlsPeer& peer,
                                          const std::string& pem,
                                          const std::string& name) {
    if (peer.ca.text.empty()) return OwnedStore();
    const auto certificates = certificates_in(pem);
    OwnedStore store(X509_STORE_new());
    // One of the middle is as good as a root: it is named to be trusted.
    X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
    for (const auto& certificate : certificates) {
        X509_STORE_add_cert(store.get(), certificate.get());
    }
    if (!certificates.empty()) return store;
    return base::failure(peer.ca.where.empty() ? name : peer.ca.where,
                         peer.ca.text + " has no certificate in it, or a damaged one",
                         "a PEM file with BEGIN CERTIFICATE is expected");
}

void verify_clients(ssl_ctx_st* context, const model::TlsPeer& peer, X509_STORE* authorities) {
    if (peer.verify == model::TlsPeer::Verify::none) return;
    const bool required = peer.verify == model::TlsPeer::Verify::required;
    SSL_CTX_set_verify(
        context,
        SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE),
        nullptr);
    if (!peer.names.empty()) {
        SSL_CTX_set_cert_verify_callback(
            context, verify_with_names, const_cast<model::TlsPeer*>(&peer));
    }
    SSL_CTX_set1_cert_store(context, authorities);
    const STACK_OF(X509_OBJECT)* const all = X509_STORE_get0_objects(authorities);
    for (int i = 0; i < sk_X509_OBJECT_num(all); ++i) {
        if (X509* const one = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i))) {
            SSL_CTX_add_client_CA(context, one);
        }
    }
}

void verify_server(ssl_ctx_st* context, const model::TlsPeer& peer, X509_STORE* authorities) {
    if (peer.verify == model::TlsPeer::Verify::none) return;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (authorities != nullptr) {
        SSL_CTX_set1_cert_store(context, authorities);
    } else {
        SSL_CTX_set_default_verify_paths(context);
    }
}

}  // namespace protohost::net
