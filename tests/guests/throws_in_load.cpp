// SPDX-License-Identifier: MIT
#include <protohost/abi.h>

static ph_status load(const ph_host*, ph_ctx*, void**) {
    throw 42;
}

#define GUEST_NAME "throws_in_load"
#define GUEST_LOAD load
#include "guest.h"

GUEST_PLUGIN();
