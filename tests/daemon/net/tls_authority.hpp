// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

struct evp_pkey_st;
struct x509_st;

namespace protohost::net::testing {

/// PEM.
struct Issued {
    std::string certificate;
    std::string key;
};

/// What a certificate shall be like.
struct Wish {
    std::vector<std::string> names = {"localhost"};  ///< the first is its common name, too
    std::string key = "EC";                          ///< "EC", "RSA" (2048), "RSA1024"
    std::chrono::hours begins{-1};                   ///< from now
    std::chrono::hours ends{24 * 30};
    bool has_alternative_names = true;
};

/// Issues certificates, as those do whom everybody trusts; this one only who is told to.
class Authority {
public:
    explicit Authority(const std::string& name);
    /// One of the middle, which `issuer` has issued.
    Authority(const std::string& name, const Authority& issuer);
    ~Authority();

    Issued issue(const Wish& wish) const;
    /// Its own.
    const std::string& certificate() const { return certificate_pem_; }

    static Issued self_signed(const Wish& wish);

private:
    Authority(const std::string& name, const Authority* issuer);

    std::shared_ptr<evp_pkey_st> key_;
    std::shared_ptr<x509_st> certificate_;
    std::string certificate_pem_;
};

}  // namespace protohost::net::testing
