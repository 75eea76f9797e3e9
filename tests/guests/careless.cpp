// SPDX-License-Identifier: MIT
//
// Linked as any library: whoever else defines these names in the process, shares them.
#define GUEST_NAME "careless"
#include "guest.h"

__attribute__((visibility("default"))) inline int& counter() {
    static int count = 0;
    return count;
}

PH_EXPORT int helper();
PH_EXPORT int helper() {
    return ++counter();
}

GUEST_PLUGIN();
