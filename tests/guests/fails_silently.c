/* SPDX-License-Identifier: MIT */
#define GUEST_NAME "fails_silently"
#define GUEST_LOAD load
#include <protohost/abi.h>

static ph_status load(const ph_host* host, ph_ctx* context, void** instance);
#include "guest.h"

static ph_status load(const ph_host* host, ph_ctx* context, void** instance) {
    (void)host;
    (void)context;
    (void)instance;
    return PH_E_AGAIN;
}

GUEST_PLUGIN();
