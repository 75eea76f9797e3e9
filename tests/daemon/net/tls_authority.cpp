// SPDX-License-Identifier: MIT
#include "tests/daemon/net/tls_authority.hpp"

#include <atomic>

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace protohost::net::testing {

namespace {

using Key = std::shared_ptr<evp_pkey_st>;
using Certificate = std::shared_ptr<x509_st>;

Key make_key(const std::string& type) {
    EVP_PKEY* const key =
        type == "EC" ? EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")
                     : EVP_PKEY_Q_keygen(nullptr,
                                         nullptr,
                                         "RSA",
                                         type == "RSA1024" ? std::size_t{1024} : std::size_t{2048});
    EXPECT_NE(key, nullptr);
    return {key, EVP_PKEY_free};
}

template <class Writer>
std::string pem(const Writer& write) {
    const std::shared_ptr<BIO> text(BIO_new(BIO_s_mem()), BIO_free);
    EXPECT_EQ(write(text.get()), 1);
    char* data = nullptr;
    const long size = BIO_get_mem_data(text.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(const Certificate& certificate) {
    return pem([&](BIO* text) { return PEM_write_bio_X509(text, certificate.get()); });
}

std::string pem_of(const Key& key) {
    return pem([&](BIO* text) {
        return PEM_write_bio_PrivateKey(text, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
}

void extend(X509* certificate, int nid, const std::string& value) {
    const std::shared_ptr<X509_EXTENSION> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()), X509_EXTENSION_free);
    ASSERT_NE(extension, nullptr) << value;
    X509_add_ext(certificate, extension.get(), -1);
}

bool is_address(const std::string& name) {
    return name.find_first_not_of("0123456789.") == std::string::npos ||
           name.find(':') != std::string::npos;
}

Certificate blank(const Wish& wish, const Key& key) {
    static std::atomic<long> serial{1};
    Certificate made(X509_new(), X509_free);
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial++);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), std::chrono::seconds(wish.begins).count());
    X509_gmtime_adj(X509_getm_notAfter(made.get()), std::chrono::seconds(wish.ends).count());
    X509_set_pubkey(made.get(), key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()),
                               "CN",
                               MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wish.names[0].c_str()),
                               -1,
                               -1,
                               0);
    return made;
}

Certificate certify(const Wish& wish, const Key& key) {
    Certificate made = blank(wish, key);
    std::string names;
    for (const std::string& name : wish.names) {
        names += (names.empty() ? "" : ",") + std::string(is_address(name) ? "IP:" : "DNS:") + name;
    }
    if (wish.has_alternative_names) extend(made.get(), NID_subject_alt_name, names);
    return made;
}

void sign(X509* certificate, const X509* issuer, const Key& key) {
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    EXPECT_GT(X509_sign(certificate, key.get(), EVP_sha256()), 0);
}

}  // namespace

Authority::Authority(const std::string& name) : Authority(name, nullptr) {}
Authority::Authority(const std::string& name, const Authority& issuer) : Authority(name, &issuer) {}

Authority::Authority(const std::string& name, const Authority* issuer) : key_(make_key("EC")) {
    Wish wish;
    wish.names = {name};
    wish.ends = std::chrono::hours(24 * 365);
    certificate_ = blank(wish, key_);
    extend(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
    extend(certificate_.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    sign(certificate_.get(),
         issuer != nullptr ? issuer->certificate_.get() : certificate_.get(),
         issuer != nullptr ? issuer->key_ : key_);
    certificate_pem_ = pem_of(certificate_);
}

Authority::~Authority() = default;

Issued Authority::issue(const Wish& wish) const {
    const Key key = make_key(wish.key);
    const Certificate made = certify(wish, key);
    sign(made.get(), certificate_.get(), key_);
    return {pem_of(made), pem_of(key)};
}

Issued Authority::self_signed(const Wish& wish) {
    const Key key = make_key(wish.key);
    const Certificate made = certify(wish, key);
    sign(made.get(), made.get(), key);
    return {pem_of(made), pem_of(key)};
}

}  // namespace protohost::net::testing
