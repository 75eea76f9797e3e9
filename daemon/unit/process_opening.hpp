// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <utility>

#include "daemon/net/executor.hpp"
#include "daemon/unit/opening.hpp"
#include "daemon/unit/process_request.hpp"

namespace protohost::unit {

/// subprocess_exec, subprocess_shell.
class ProcessOpening final : public Opening {
public:
    ProcessOpening(LoopServices& services,
                   ph_op op,
                   OpenRequest request,
                   ph_opened done,
                   ProcessRequest process)
        : Opening(services, op, std::move(request), done),
          lookup_(std::make_shared<Lookup>(Lookup{std::move(process), {}})) {}

private:
    /// What a thread of the executor works on, while this may go.
    struct Lookup {
        ProcessRequest process;
        base::Errors errors;
    };

    void begin() override;
    void proceed() override;
    bool withdraw() override;

    const std::shared_ptr<Lookup> lookup_;
    net::Executor::Id id_ = 0;  ///< of the work that is waited for
    /// What the executor calls may come when this is gone.
    const std::shared_ptr<void> alive_ = std::make_shared<int>();
};

}  // namespace protohost::unit
