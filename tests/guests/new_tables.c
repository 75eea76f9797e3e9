/* SPDX-License-Identifier: MIT
 *
 * As if built against a newer header, whose tables have more at their ends. */
#define GUEST_NAME "new_tables"
#include "guest.h"

static const struct {
    ph_factory known;
    void* more[4];
} factory = {.known = {.size = sizeof factory,
                       .kind = PH_STREAM,
                       .name = TEXT(GUEST_NAME),
                       .configure = guest_configure,
                       .make_protocol = guest_make_protocol},
             .more = {(void*)1, (void*)2, (void*)3, (void*)4}};
static const ph_factory* const factories[] = {&factory.known};
static const struct {
    ph_plugin known;
    void* more[4];
} plugin = {.known = {.size = sizeof plugin,
                      .name = TEXT(GUEST_NAME),
                      .version = TEXT("1.0"),
                      .factories = factories,
                      .factory_count = 1},
            .more = {(void*)1, (void*)2, (void*)3, (void*)4}};

#undef GUEST_ENTRY
#define GUEST_ENTRY(host) ((void)(host), (void)&guest_plugin, &plugin.known)
GUEST_PLUGIN();
