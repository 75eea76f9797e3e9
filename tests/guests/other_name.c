/* SPDX-License-Identifier: MIT */
#define GUEST_NAME "other_name"
#include "guest.h"

#undef PH_PLUGIN_NOTE
#define PH_PLUGIN_NOTE(name, version, minor, flags)                                           \
    __attribute__((section(PH_NOTE_SECTION), used, aligned(4))) static const ph_note note = { \
        10u, 80u, PH_NOTE_TYPE, PH_NOTE_OWNER, PH_ABI_MAJOR, PH_ABI_MINOR, 0, 0, "some_name", "1"}

GUEST_PLUGIN();
