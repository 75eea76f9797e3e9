/* SPDX-License-Identifier: MIT */
#define GUEST_NAME "refuses"
#define GUEST_ENTRY(host) ((void)(host), (void)&guest_plugin, (const ph_plugin*)NULL)
#include "guest.h"

GUEST_PLUGIN();
