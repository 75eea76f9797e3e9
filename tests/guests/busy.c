/* SPDX-License-Identifier: MIT
 *
 * Has something to stop: is busy when asked for the first and the second time. */
#define GUEST_NAME "busy"
#define GUEST_LOAD load
#define GUEST_QUIESCE quiesce
#define GUEST_UNLOAD unload
#include <stddef.h>

#include <protohost/abi.h>

static ph_status load(const ph_host* host, ph_ctx* context, void** instance);
static ph_status quiesce(void* instance, uint64_t deadline);
static void unload(void* instance);
#include "guest.h"

static const ph_host* daemon_host;
static ph_ctx* own_context;
static int asked;

static void say(const char* text, size_t n) {
    const ph_str message = {text, n};
    daemon_host->log(own_context, PH_LOG_INFO, message);
}

static ph_status load(const ph_host* host, ph_ctx* context, void** instance) {
    (void)instance;
    daemon_host = host;
    own_context = context;
    return PH_OK;
}
static ph_status quiesce(void* instance, uint64_t deadline) {
    (void)instance;
    (void)deadline;
    say("quiesce", 7);
    return ++asked <= 2 ? PH_E_BUSY : PH_OK;
}
static void unload(void* instance) {
    (void)instance;
    say("unload", 6);
}

GUEST_PLUGIN();
