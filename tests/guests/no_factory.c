/* SPDX-License-Identifier: MIT */
#define GUEST_NAME "no_factory"
#include "guest.h"

static const ph_plugin plugin = {
    .size = sizeof(ph_plugin), .flags = 0x40, .name = TEXT(GUEST_NAME)};

#undef GUEST_ENTRY
#define GUEST_ENTRY(host) ((void)(host), (void)&guest_plugin, &plugin)
GUEST_PLUGIN();
