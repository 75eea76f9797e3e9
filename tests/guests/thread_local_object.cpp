// SPDX-License-Identifier: MIT
//
// Each thread that comes by destroys an object of this library when it ends.
#define GUEST_NAME "thread_local_object"
#define GUEST_LOAD load
#include <protohost/abi.h>

static ph_status load(const ph_host* host, ph_ctx* context, void** instance);
#include "guest.h"

namespace {

struct Object {
    ~Object() { ++destroyed; }
    int value = 0;
    static inline int destroyed = 0;
};
thread_local Object object;

}  // namespace

static ph_status load(const ph_host*, ph_ctx*, void**) {
    ++object.value;
    return PH_OK;
}

GUEST_PLUGIN();
