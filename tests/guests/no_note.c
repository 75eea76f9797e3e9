/* SPDX-License-Identifier: MIT */
#define GUEST_NAME "no_note"
#include "guest.h"

#undef PH_PLUGIN_NOTE
#define PH_PLUGIN_NOTE(name, version, minor, flags) _Static_assert(1, "")

GUEST_PLUGIN();
