// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "daemon/net/acceptor.hpp"
#include "daemon/unit/operation.hpp"
#include "daemon/unit/resolution.hpp"

namespace protohost::unit {

/// create_server, create_unix_server.
class ServerOpening final : public Operation {
public:
    ServerOpening(LoopServices& services,
                  ph_op op,
                  OpenRequest request,
                  ph_serving done,
                  LoopServices::Family family)
        : Operation(services, op), request_(std::move(request)), done_(done), family_(family) {}

private:
    void begin() override;
    void step() override;
    bool withdraw() override;
    void fail(const OpenError& error) override;

    void check();
    void found(const OpenError* why, const std::vector<Resolution::Addresses>& addresses);
    void bind(const std::vector<model::Address>& addresses);

    OpenRequest request_;
    ph_serving done_;
    LoopServices::Family family_;
    std::optional<Resolution> resolution_;
};

}  // namespace protohost::unit
