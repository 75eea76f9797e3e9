// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "daemon/base/failure.hpp"
#include "daemon/plugin/config_api.hpp"

#include <protohost/abi.h>

/// The opaque context of the ABI; here it records what a guest tells through the log.
struct ph_ctx {
    std::vector<std::string> said;
};

namespace protohost::plugin::testing {

/// As much of a host as loading and configuring needs.
inline const ph_host& fake_host() {
    static const ph_host host = [] {
        ph_host table{};
        table.size = sizeof(ph_host);
        table.abi_major = PH_ABI_MAJOR;
        table.abi_minor = PH_ABI_MINOR;
        table.config = &config_api();
        table.log = [](ph_ctx* context, int32_t, ph_str message) {
            context->said.emplace_back(message.p, message.n);
        };
        table.fail = [](ph_ctx*, ph_status status, ph_str message) {
            base::set_failure({message.p, message.n});
            return status;
        };
        return table;
    }();
    return host;
}

}  // namespace protohost::plugin::testing
