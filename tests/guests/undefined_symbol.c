/* SPDX-License-Identifier: MIT
 *
 * Linked lazily: only a loader that binds everything at once notices before the call. */
#define GUEST_NAME "undefined_symbol"
#define GUEST_LOAD load
#include <protohost/abi.h>

extern ph_status nobody_defines_this(ph_ctx* context);

static ph_status load(const ph_host* host, ph_ctx* context, void** instance) {
    (void)host;
    (void)instance;
    return nobody_defines_this(context);
}

#include "guest.h"

GUEST_PLUGIN();
