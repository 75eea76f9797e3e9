// SPDX-License-Identifier: MIT
#include <stdexcept>

#include <protohost/abi.h>

static const ph_plugin* throwing_entry() {
    throw std::runtime_error("not today");
}

#define GUEST_NAME "throws_in_entry"
#define GUEST_ENTRY(host) ((void)(host), (void)&guest_plugin, throwing_entry())
#include "guest.h"

GUEST_PLUGIN();
