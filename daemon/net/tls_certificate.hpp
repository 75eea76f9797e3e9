// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <vector>

struct x509_st;

namespace protohost::net {

/// What there is to know about a certificate that is shown to others.
struct TlsCertificate {
    std::string file;
    std::string subject;             ///< "CN=example.net,O=Example"
    std::string issuer;              ///< as `subject`
    std::vector<std::string> names;  ///< "example.net", "*.example.net", "192.0.2.1"
    std::string key;                 ///< "EC prime256v1", "RSA 2048", "ED25519"
    std::string fingerprint;         ///< SHA-256 of its DER form, in hexadecimal
    std::chrono::system_clock::time_point not_before;
    /// Of the certificates in the file, that of the one which ends first.
    std::chrono::system_clock::time_point not_after;

    bool operator==(const TlsCertificate&) const = default;
};

TlsCertificate describe(const x509_st* certificate, std::string file);

/// In lower case: whom it says it is for, or, where it says nothing, its common name.
std::vector<std::string> names_in(const x509_st* certificate);

/// Whether `pattern`, "example.net" or "*.example.net", stands for `name`; the star for one label.
/// Both in lower case.
bool stands_for(const std::string& pattern, const std::string& name);

}  // namespace protohost::net
