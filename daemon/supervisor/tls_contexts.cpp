// SPDX-License-Identifier: MIT
#include "daemon/supervisor/tls_contexts.hpp"

#include <utility>

#include "daemon/net/tls_files.hpp"

namespace protohost::supervisor {
namespace {

using Role = net::TlsContext::Role;

void read_unit(const std::string& name,
               const model::Tls& tls,
               Role role,
               const TlsContexts& running,
               DesiredTls& desired) {
    const auto found = running.find(name);
    const net::TlsContext::Pointer former = found != running.end() ? found->second : nullptr;
    const bool same_settings =
        former != nullptr && former->role() == role && former->settings() == tls;
    auto read = same_settings ? read_again(former)
                              : net::TlsContext::create(
                                    tls,
                                    role,
                                    (role == Role::server ? "listener " : "endpoint ") + name,
                                    former != nullptr ? former->generation() + 1 : 1,
                                    former);
    if (!read) return base::append(desired.errors, read.error());
    if (*read != former) desired.changed.insert(name);
    desired.contexts.emplace(name, std::move(*read));
}

}  // namespace

base::Result<net::TlsContext::Pointer> read_again(const net::TlsContext::Pointer& former) {
    const model::Tls& tls = former->settings();
    const auto files = net::read_tls_files(tls, former->name());
    if (!files) return files.error();
    if (files->digest == former->digest()) return former;
    return net::TlsContext::create(
        tls, former->role(), former->name(), former->generation() + 1, former);
}

DesiredTls read_tls(const model::Configuration& desired, const TlsContexts& running) {
    DesiredTls read;
    for (const auto& [name, spec] : desired.listeners) {
        if (spec.tls) read_unit(name, *spec.tls, Role::server, running, read);
    }
    for (const auto& [name, spec] : desired.endpoints) {
        if (spec.tls) read_unit(name, *spec.tls, Role::client, running, read);
    }
    return read;
}

}  // namespace protohost::supervisor
