/* SPDX-License-Identifier: MIT */
#define GUEST_NAME "two_notes"
#include "guest.h"

__attribute__((section(PH_NOTE_SECTION), used, aligned(4))) static const ph_note other_note = {
    10u, 80u, PH_NOTE_TYPE, PH_NOTE_OWNER, PH_ABI_MAJOR, PH_ABI_MINOR, 0, 0, "other", "1.0"};

GUEST_PLUGIN();
