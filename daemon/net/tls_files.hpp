// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/tls.hpp"

namespace protohost::net {

/// What the files hold that a `tls:` names. Private keys are wiped from memory with it.
struct TlsFiles {
    struct Pair {
        std::string certificate;
        std::string key;
    };

    TlsFiles() = default;
    ~TlsFiles();
    TlsFiles(TlsFiles&&) = default;
    TlsFiles& operator=(TlsFiles&&) = delete;

    std::vector<Pair> pairs;  ///< in the order of Tls::certificates
    std::string ca;
    std::string digest;  ///< of all of them: the same as long as no byte has changed
};

/// Opens nothing but regular files; a private key must be kept from others. `name` is where an
/// error is, if the key does not know its place. [any] Blocks.
base::Result<TlsFiles> read_tls_files(const model::Tls& tls, const std::string& name);

}  // namespace protohost::net
