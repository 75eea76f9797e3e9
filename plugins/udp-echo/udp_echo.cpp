// SPDX-License-Identifier: MIT
#include "udp_echo.hpp"

#include <protohost/plugin.hpp>

PROTOHOST_PLUGIN("udp-echo",
                 "1.0",
                 protohost::factory<UdpEcho>("udp-echo", "sends every datagram back"));
