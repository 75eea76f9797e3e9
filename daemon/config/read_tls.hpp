// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/config/kind.hpp"
#include "daemon/model/tls.hpp"

// The kinds of value that stand in `tls:` alone.

namespace protohost::config::kinds {

/// A file, with the place where it was named.
extern const Kind<model::Written> tls_file;
/// Names of OpenSSL: whether it knows them shows when they are used.
extern const Kind<std::vector<model::Written>> openssl_names;
extern const Kind<std::vector<std::string>> alpn;
extern const Kind<std::vector<std::string>> peer_names;
extern const Kind<std::string> server_name;
extern const Kind<std::uint64_t> former_keys;
extern const Kind<model::TlsClose> tls_close;
/// Of what an endpoint asks of its server: all or nothing.
extern const Kind<model::TlsPeer::Verify> verify_server;

}  // namespace protohost::config::kinds
