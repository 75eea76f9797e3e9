// SPDX-License-Identifier: MIT
#include "daemon/net/tls_certificate.hpp"

#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <ctime>
#include <memory>
#include <utility>

#include <openssl/x509v3.h>

#include "daemon/base/digest.hpp"
#include "daemon/model/quantity.hpp"
#include "daemon/net/openssl.hpp"

namespace protohost::net {

namespace {

using OwnedNames = std::unique_ptr<GENERAL_NAMES, Releases<GENERAL_NAMES_free>>;

std::string text_of(const ASN1_STRING* text) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string text_of(const X509_NAME* name) {
    const OwnedBio text(BIO_new(BIO_s_mem()));
    if (text == nullptr) return {};
    X509_NAME_print_ex(text.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    char* data = nullptr;
    const long size = BIO_get_mem_data(text.get(), &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string address_text(const ASN1_OCTET_STRING* address) {
    const int length = ASN1_STRING_length(address);
    if (length != 4 && length != 16) return {};
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(
        length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text.data(), text.size());
    return text.data();
}

std::string text_of(const GENERAL_NAME& name) {
    switch (name.type) {
        case GEN_DNS:
            return model::lower_case(text_of(name.d.dNSName));
        case GEN_EMAIL:
            return model::lower_case(text_of(name.d.rfc822Name));
        case GEN_URI:
            return model::lower_case(text_of(name.d.uniformResourceIdentifier));
        case GEN_IPADD:
            return address_text(name.d.iPAddress);
        default:
            return {};
    }
}

std::string common_name(const x509_st* certificate) {
    const X509_NAME* const subject = X509_get_subject_name(certificate);
    const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (index < 0) return {};
    return model::lower_case(
        text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index))));
}

std::string key_of(const x509_st* certificate) {
    const EVP_PKEY* const key = X509_get0_pubkey(certificate);
    const char* const type = key != nullptr ? EVP_PKEY_get0_type_name(key) : nullptr;
    if (type == nullptr) return "unknown";
    std::array<char, 64> group{};
    std::size_t size = 0;
    if (EVP_PKEY_is_a(key, "EC") == 1 &&
        EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1) {
        return std::string("EC ") + group.data();
    }
    std::string text = type;
    if (EVP_PKEY_is_a(key, "RSA") == 1) text += ' ' + std::to_string(EVP_PKEY_get_bits(key));
    return text;
}

std::string fingerprint_of(const x509_st* certificate) {
    const int size = i2d_X509(certificate, nullptr);
    if (size <= 0) return {};
    std::vector<std::byte> der(static_cast<std::size_t>(size));
    auto* to = reinterpret_cast<unsigned char*>(der.data());
    i2d_X509(certificate, &to);
    return base::sha256(der);
}

std::chrono::system_clock::time_point time_of(const ASN1_TIME* time) {
    std::tm utc{};
    ASN1_TIME_to_tm(time, &utc);
    return std::chrono::system_clock::from_time_t(::timegm(&utc));
}

}  // namespace

std::vector<std::string> names_in(const x509_st* certificate) {
    std::vector<std::string> names;
    const OwnedNames said(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    const int count = said != nullptr ? sk_GENERAL_NAME_num(said.get()) : 0;
    for (int i = 0; i < count; ++i) {
        std::string name = text_of(*sk_GENERAL_NAME_value(said.get(), i));
        if (!name.empty()) names.push_back(std::move(name));
    }
    if (!names.empty()) return names;
    if (std::string name = common_name(certificate); !name.empty()) names.push_back(name);
    return names;
}

bool stands_for(const std::string& pattern, const std::string& name) {
    if (!pattern.starts_with("*.")) return pattern == name;
    const std::size_t dot = name.find('.');
    return dot != std::string::npos && dot > 0 &&
           name.compare(dot, std::string::npos, pattern, 1, std::string::npos) == 0;
}

TlsCertificate describe(const x509_st* certificate, std::string file) {
    TlsCertificate facts;
    facts.file = std::move(file);
    facts.subject = text_of(X509_get_subject_name(certificate));
    facts.issuer = text_of(X509_get_issuer_name(certificate));
    facts.names = names_in(certificate);
    facts.key = key_of(certificate);
    facts.fingerprint = fingerprint_of(certificate);
    facts.not_before = time_of(X509_get0_notBefore(certificate));
    facts.not_after = time_of(X509_get0_notAfter(certificate));
    return facts;
}

}  // namespace protohost::net
