/* SPDX-License-Identifier: MIT */
#define GUEST_NAME "fails_in_load"
#define GUEST_LOAD load
#include <protohost/abi.h>

static ph_status load(const ph_host* host, ph_ctx* context, void** instance);
#include "guest.h"

static ph_status load(const ph_host* host, ph_ctx* context, void** instance) {
    const ph_str text = TEXT("no licence for this machine");
    (void)instance;
    return host->fail(context, PH_E_FAIL, text);
}

GUEST_PLUGIN();
