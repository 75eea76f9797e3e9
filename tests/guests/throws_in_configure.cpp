// SPDX-License-Identifier: MIT
#include <stdexcept>

#include <protohost/abi.h>

static ph_status configure(ph_ctx*, void*, const ph_node*, void**) {
    throw std::runtime_error("no such table");
}

#define GUEST_NAME "throws_in_configure"
#define GUEST_CONFIGURE configure
#include "guest.h"

GUEST_PLUGIN();
