// SPDX-License-Identifier: MIT
#include <stdexcept>

#include <protohost/abi.h>

static ph_status make_protocol(ph_ctx*, void*, ph_proto*) {
    throw std::runtime_error("no more seats");
}

#define GUEST_NAME "throws_in_make_protocol"
#define GUEST_MAKE_PROTOCOL make_protocol
#include "guest.h"

GUEST_PLUGIN();
