// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/tls.hpp"
#include "daemon/net/openssl.hpp"
#include "daemon/net/tls_certificate.hpp"
#include "daemon/net/tls_files.hpp"

namespace protohost::net {

/// A certificate and its key, which belong together.
struct LoadedPair {
    OwnedCertificate certificate;
    OwnedKey key;
    std::vector<OwnedCertificate> chain;  ///< who issued it, and who issued that
    TlsCertificate facts;
};

/// Or every reason why it must not be shown to anybody: it is none, the key is another's, the dates
/// do not hold, a certificate in the file was not issued by the next. Whom a client trusts is the
/// client's business. `name` as of read_tls_files(). [any]
base::Result<LoadedPair> load_pair(const model::TlsPair& pair,
                                   const TlsFiles::Pair& files,
                                   const std::string& name);

/// All certificates of a PEM text; none where one of them is damaged. [any]
std::vector<OwnedCertificate> certificates_in(const std::string& pem);

}  // namespace protohost::net
