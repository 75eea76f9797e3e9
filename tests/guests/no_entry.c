/* SPDX-License-Identifier: MIT */
#include <protohost/abi.h>

PH_PLUGIN_NOTE("no_entry", "1.0", 0, 0);
