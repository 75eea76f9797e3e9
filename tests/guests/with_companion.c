/* SPDX-License-Identifier: MIT */
#define GUEST_NAME "with_companion"
#define GUEST_LOAD load
#include <protohost/abi.h>

extern int companion(void);

static ph_status load(const ph_host* host, ph_ctx* context, void** instance) {
    (void)host;
    (void)context;
    (void)instance;
    return companion() == 1 ? PH_OK : PH_E_FAIL;
}

#include "guest.h"

GUEST_PLUGIN();
