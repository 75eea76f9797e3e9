/* SPDX-License-Identifier: MIT */
#define GUEST_NAME "pinned"
#define GUEST_FLAGS PH_PLUGIN_PIN
#include "guest.h"

GUEST_PLUGIN();
