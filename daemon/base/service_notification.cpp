// SPDX-License-Identifier: MIT
#include "daemon/base/service_notification.hpp"

#include <systemd/sd-daemon.h>

namespace protohost::base {

void notify_service(const std::string& state) {
    ::sd_notify(0, state.c_str());
}

}  // namespace protohost::base
