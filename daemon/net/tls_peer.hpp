// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "daemon/base/error.hpp"
#include "daemon/model/tls.hpp"
#include "daemon/net/openssl.hpp"

namespace protohost::net {

/// Those whose word is taken about the other side; nullptr: those whom this system trusts. `pem` is
/// what `peer.ca` holds. `name` is where an error is, if the key does not know its place.
base::Result<OwnedStore> load_authorities(const model::TlsPeer& peer,
                                          const std::string& pem,
                                          const std::string& name);

/// A client has to show a certificate as `peer` says; it is told whose would do. `peer` outlives
/// the context.
void verify_clients(ssl_ctx_st* context, const model::TlsPeer& peer, X509_STORE* authorities);

/// The server has to. Whether it bears the right name is a matter of each session.
void verify_server(ssl_ctx_st* context, const model::TlsPeer& peer, X509_STORE* authorities);

}  // namespace protohost::net
