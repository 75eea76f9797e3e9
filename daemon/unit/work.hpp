// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>

#include "daemon/net/executor.hpp"
#include "daemon/unit/operation.hpp"

namespace protohost::unit {

/// run_in_executor.
class Work final : public Operation {
public:
    Work(LoopServices& services, ph_op op, ph_fn work, ph_fn done, void* arg)
        : Operation(services, op), work_(work), done_(done), arg_(arg) {}

private:
    void begin() override;
    void step() override { complete_failed({PH_E_NOMEM, 0, "no thread can be started"}); }
    void fail(const OpenError&) override { tell(); }
    bool withdraw() override;
    void finished(const net::Executor::Outcome& outcome);
    void tell();

    const ph_fn work_;
    const ph_fn done_;
    void* const arg_;
    net::Executor::Id id_ = 0;
    /// What the executor calls may come when this is gone.
    const std::shared_ptr<void> alive_ = std::make_shared<int>();
};

/// sendfile.
class Sending final : public Operation {
public:
    struct Source {
        int descriptor;
        std::uint64_t offset;
        std::uint64_t count;
    };

    Sending(LoopServices& services,
            ph_op op,
            ph_transport* transport,
            const Source& source,
            ph_sent done,
            void* arg)
        : Operation(services, op), transport_(transport), source_(source), done_(done), arg_(arg) {}

    /// Ends with its transport, which is drained.
    void services_closed() override {}

private:
    void begin() override;
    void step() override { complete_failed(refused_); }
    void fail(const OpenError& error) override;
    bool withdraw() override;
    void finished(ph_status status, int os_errno, std::uint64_t sent);
    void tell(const OpenError* error);
    net::Transport* transport();

    ph_transport* const transport_;
    const Source source_;
    const ph_sent done_;
    void* const arg_;
    OpenError refused_;
    bool under_way_ = false;
    std::uint64_t sent_ = 0;
};

}  // namespace protohost::unit
