// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/tls.hpp"
#include "daemon/net/tls_certificate.hpp"

struct ssl_ctx_st;
struct x509_store_st;

namespace protohost::net {

class TlsSessionCache;
struct LoadedPair;
using model::TlsClose;

/// What TLS sessions of a unit are made with: immutable, but for the keys of tickets and a client's
/// sessions in it, and held by the unit and by each connection made with it. What is replaced, when
/// files or settings change, is the whole of it.
class TlsContext {
public:
    using Pointer = std::shared_ptr<const TlsContext>;
    enum class Role : std::uint8_t { server, client };

    /// Reads the files of `tls`, and says all that is wrong with them. `name` is the unit's
    /// ("listener web"), and where an error is whose key does not know its place. `former` is what
    /// the unit has had: clients resume their sessions with its tickets, as far as they are
    /// verified in the same way. [any] Blocks.
    static base::Result<Pointer> create(const model::Tls& tls,
                                        Role role,
                                        std::string name,
                                        std::uint64_t generation,
                                        const Pointer& former = nullptr);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    /// What SSL_new() takes.
    ssl_ctx_st* handle() const;
    Role role() const { return role_; }
    const std::string& name() const { return name_; }
    std::uint64_t generation() const { return generation_; }
    /// Of a client: whom it wants to reach, a name or an IP address.
    const std::string& server_name() const { return tls_.server_name; }
    /// Of a client: what it may resume. [loop]
    TlsSessionCache& sessions() const;
    std::chrono::milliseconds handshake_timeout() const {
        return std::chrono::ceil<std::chrono::milliseconds>(tls_.handshake_timeout);
    }
    TlsClose close() const { return tls_.close; }

    const model::Tls& settings() const { return tls_; }
    /// Of the files as they were read.
    const std::string& digest() const { return digest_; }
    /// In the order of the configuration.
    const std::vector<TlsCertificate>& certificates() const { return certificates_; }

private:
    struct Parts;

    TlsContext(const model::Tls& tls, Role role, std::string name, std::uint64_t generation);
    base::Errors build(const TlsContext* former);
    base::Errors build_server(const std::vector<LoadedPair>& pairs,
                              x509_store_st* authorities,
                              const TlsContext* former);
    base::Errors build_client(const std::vector<LoadedPair>& pairs, x509_store_st* authorities);

    const model::Tls tls_;
    const Role role_;
    const std::string name_;
    const std::uint64_t generation_;
    std::string digest_;
    std::vector<TlsCertificate> certificates_;
    std::unique_ptr<Parts> parts_;
};

}  // namespace protohost::net
