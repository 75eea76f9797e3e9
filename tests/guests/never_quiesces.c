/* SPDX-License-Identifier: MIT */
#define GUEST_NAME "never_quiesces"
#define GUEST_QUIESCE quiesce
#define GUEST_UNLOAD unload
#include <stdlib.h>

#include <protohost/abi.h>

static ph_status quiesce(void* instance, uint64_t deadline);
static void unload(void* instance);
#include "guest.h"

static ph_status quiesce(void* instance, uint64_t deadline) {
    (void)instance;
    (void)deadline;
    return PH_E_BUSY;
}
static void unload(void* instance) {
    (void)instance;
    abort(); /* its threads may still run */
}

GUEST_PLUGIN();
