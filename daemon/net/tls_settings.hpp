// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "daemon/base/error.hpp"
#include "daemon/model/tls.hpp"

struct ssl_ctx_st;

namespace protohost::net {

/// What every context has: protocol versions, ciphers, groups, and what is never allowed. What the
/// operator wants and cannot have is an error at its key, or at `name`.
base::Errors apply_parameters(ssl_ctx_st* context, const model::Tls& tls, const std::string& name);

/// What is spoken inside. A client that offers only other things is refused, as RFC 7301 says: it
/// would else take the answers of one protocol for those of another. `tls` outlives the context.
void serve_alpn(ssl_ctx_st* context, const model::Tls& tls);
void offer_alpn(ssl_ctx_st* context, const model::Tls& tls);

}  // namespace protohost::net
