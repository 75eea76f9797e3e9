// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace protohost::net {

/// What to do where the sandbox of the service keeps a program from what its definition says; a
/// test does it.
inline constexpr std::string_view relaxed_service =
    "under systemd take what it needs from relax-children.conf: "
    "install -Dm644 -t /etc/systemd/system/protohost.service.d "
    "/usr/share/doc/protohost/examples/systemd/relax-children.conf && "
    "systemctl daemon-reload && systemctl restart protohost";

}  // namespace protohost::net
