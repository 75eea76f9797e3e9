/* SPDX-License-Identifier: MIT
 *
 * As if built against a header without load, started and release: what stands behind the ends that
 * its tables declare must not be read. */
#define GUEST_NAME "old_tables"
#include "guest.h"

static ph_status trap(ph_ctx* context, void* factory) {
    (void)context;
    (void)factory;
    __builtin_trap();
}
static void release_trap(ph_ctx* context, void* factory) {
    (void)trap(context, factory);
}
static ph_status load_trap(const ph_host* host, ph_ctx* context, void** instance) {
    (void)host;
    return trap(context, instance);
}

static const ph_factory factory = {.size = offsetof(ph_factory, started),
                                   .kind = PH_STREAM,
                                   .name = TEXT(GUEST_NAME),
                                   .configure = guest_configure,
                                   .make_protocol = guest_make_protocol,
                                   .started = trap,
                                   .release = release_trap};
static const ph_factory* const factories[] = {&factory};
static const ph_plugin plugin = {.size = offsetof(ph_plugin, load),
                                 .name = TEXT(GUEST_NAME),
                                 .version = TEXT("1.0"),
                                 .factories = factories,
                                 .factory_count = 1,
                                 .load = load_trap};

#undef GUEST_ENTRY
#define GUEST_ENTRY(host) ((void)(host), (void)&guest_plugin, &plugin)
GUEST_PLUGIN();
