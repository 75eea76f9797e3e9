// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "daemon/net/tls_session.hpp"
#include "daemon/unit/operation.hpp"

namespace protohost::unit {

/// start_tls.
class TlsStarting final : public Operation {
public:
    TlsStarting(LoopServices& services,
                ph_op op,
                ph_transport* transport,
                const ph_tls_start& start,
                ph_opened done,
                void* arg);

    ~TlsStarting() override { services().client_context().forget(context_); }

    /// Ends with its transport, which is drained.
    void services_closed() override {}

private:
    void begin() override;
    void step() override { complete_failed(refused_); }
    void fail(const OpenError& error) override;
    bool withdraw() override;
    /// False: refused_.
    bool find_context();
    ph_status start(net::Transport& transport);
    void await_context();
    void finished(ph_status status, int os_errno, const std::string& text);
    net::Transport* transport();

    ph_transport* const transport_;
    net::TlsContext::Role role_ = net::TlsContext::Role::server;
    net::TlsStart start_;
    const ph_opened done_;
    void* const arg_;
    OpenError refused_;
    ClientContext::Id context_ = 0;  ///< waits for it
    bool under_way_ = false;
};

}  // namespace protohost::unit
