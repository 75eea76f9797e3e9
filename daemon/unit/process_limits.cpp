// SPDX-License-Identifier: MIT
#include "daemon/unit/process_limits.hpp"

#include <cerrno>
#include <cstdint>
#include <linux/capability.h>
#include <string>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/format.hpp"
#include "daemon/net/relaxed_service.hpp"

namespace protohost::unit {

namespace {

bool may_raise_limits() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct sets[2]{};
    if (::syscall(SYS_capget, &header, sets) != 0) return false;
    return (sets[0].effective & (1U << CAP_SYS_RESOURCE)) != 0;
}

std::string text_of(std::uint64_t limit) {
    return limit == model::ProcessLimit::unlimited ? "unlimited" : std::to_string(limit);
}

}  // namespace

base::Errors check_limits(const model::SubprocessSpec& spec) {
    if (spec.process.limits.empty() || may_raise_limits()) return {};
    base::Errors errors;
    for (const model::ProcessLimit& limit : spec.process.limits) {
        rlimit own{};
        const auto resource = static_cast<__rlimit_resource>(limit.resource);
        if (::getrlimit(resource, &own) != 0 || limit.value <= own.rlim_max) continue;
        const std::string key = base::format("subprocesses.{}.limits.{}", spec.name, limit.key);
        base::append(
            errors,
            base::failure(model::to_string(limit.place, key),
                          base::format("{} is above the daemon's own hard limit ({}), and only "
                                       "CAP_SYS_RESOURCE may raise it",
                                       text_of(limit.value),
                                       text_of(own.rlim_max)),
                          base::format("lower it, or raise the daemon's; {}", net::relaxed_service),
                          EPERM));
    }
    return errors;
}

}  // namespace protohost::unit
