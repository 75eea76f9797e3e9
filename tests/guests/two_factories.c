/* SPDX-License-Identifier: MIT */
#define GUEST_NAME "two_factories"
#include "guest.h"

static const ph_factory first = {.size = sizeof(ph_factory),
                                 .kind = PH_STREAM,
                                 .name = TEXT("first"),
                                 .configure = guest_configure,
                                 .make_protocol = guest_make_protocol};
static const ph_factory second = {.size = sizeof(ph_factory),
                                  .kind = PH_STREAM,
                                  .name = TEXT("second"),
                                  .configure = guest_configure,
                                  .make_protocol = guest_make_protocol};
static const ph_factory* const factories[] = {&first, &second};
static const ph_plugin plugin = {.size = sizeof(ph_plugin),
                                 .name = TEXT(GUEST_NAME),
                                 .version = TEXT("1.0"),
                                 .factories = factories,
                                 .factory_count = 2};

#undef GUEST_ENTRY
#define GUEST_ENTRY(host) ((void)(host), (void)&guest_plugin, &plugin)
GUEST_PLUGIN();
