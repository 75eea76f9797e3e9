/* SPDX-License-Identifier: MIT */
#include <protohost/abi.h>

static ph_status configure(ph_ctx* context, void* instance, const ph_node* options, void** out);
static ph_status load(const ph_host* host, ph_ctx* context, void** instance);
static ph_status make_protocol(ph_ctx* context, void* factory, ph_proto* out);
static const ph_option fault_option[1];

#define GUEST_NAME "garbage_datagrams"
#define GUEST_KIND PH_DATAGRAM
#define GUEST_LOAD load
#define GUEST_CONFIGURE configure
#define GUEST_MAKE_PROTOCOL make_protocol
#define GUEST_OPTIONS fault_option
#define GUEST_OPTION_COUNT 1
#include "guest.h"

static const ph_option fault_option[] = {
    {TEXT("fault"), PH_OPTION_INTEGER, PH_OPTION_REQUIRED, {NULL, 0}, TEXT("which one")}};

static ph_status datagram_received(void* self, const void* data, size_t n, ph_addr from) {
    (void)self;
    (void)data;
    (void)n;
    (void)from;
    return PH_OK;
}

static const ph_datagram_ops faults[] = {
    {GUEST_HEAD(sizeof(ph_datagram_ops), PH_DATAGRAM), datagram_received, NULL, NULL},
    {GUEST_HEAD(sizeof(ph_datagram_ops), PH_STREAM), datagram_received, NULL, NULL},
    {GUEST_HEAD(sizeof(ph_datagram_ops), PH_DATAGRAM), NULL, NULL, NULL},
    /* Set, but behind the end that the table declares. */
    {GUEST_HEAD(sizeof(ph_any_ops), PH_DATAGRAM), datagram_received, NULL, NULL},
    {.size = sizeof(ph_datagram_ops),
     .kind = PH_DATAGRAM,
     .connection_made = guest_connection_made,
     .destroy = guest_destroy,
     .datagram_received = datagram_received},
    {.size = sizeof(ph_datagram_ops),
     .kind = PH_DATAGRAM,
     .connection_made = guest_connection_made,
     .connection_lost = guest_connection_lost,
     .datagram_received = datagram_received},
    {GUEST_HEAD(sizeof(ph_datagram_ops), 77), datagram_received, NULL, NULL},
};

static const ph_host* the_host;

static ph_status load(const ph_host* host, ph_ctx* context, void** instance) {
    (void)context;
    (void)instance;
    the_host = host;
    return PH_OK;
}

static ph_status configure(ph_ctx* context, void* instance, const ph_node* options, void** out) {
    const ph_str key = TEXT("fault");
    int64_t index = 0;
    (void)instance;
    const ph_status status =
        the_host->config->as_integer(context, the_host->config->get(context, options, key), &index);
    if (status < 0) return status;
    *out = (void*)(uintptr_t)&faults[index];
    return PH_OK;
}

static ph_status make_protocol(ph_ctx* context, void* factory, ph_proto* out) {
    (void)context;
    out->ops = factory;
    out->self = NULL;
    return PH_OK;
}

GUEST_PLUGIN();
