/* SPDX-License-Identifier: MIT */
#include <protohost/abi.h>

static ph_status configure(ph_ctx* context, void* instance, const ph_node* options, void** out);
static ph_status load(const ph_host* host, ph_ctx* context, void** instance);
static ph_status make_protocol(ph_ctx* context, void* factory, ph_proto* out);
static const ph_option fault_option[1];

#define GUEST_NAME "garbage_protocol"
#define GUEST_LOAD load
#define GUEST_CONFIGURE configure
#define GUEST_MAKE_PROTOCOL make_protocol
#define GUEST_OPTIONS fault_option
#define GUEST_OPTION_COUNT 1
#include "guest.h"

static const ph_option fault_option[] = {
    {TEXT("fault"), PH_OPTION_INTEGER, PH_OPTION_REQUIRED, {NULL, 0}, TEXT("which one")}};

static const ph_stream_ops faults[] = {
    {GUEST_HEAD(sizeof(ph_any_ops) - 1, PH_STREAM), guest_data_received, NULL, NULL, NULL, NULL},
    {GUEST_HEAD(sizeof(ph_stream_ops), PH_DATAGRAM), guest_data_received, NULL, NULL, NULL, NULL},
    {.size = sizeof(ph_stream_ops),
     .kind = PH_STREAM,
     .connection_lost = guest_connection_lost,
     .destroy = guest_destroy,
     .data_received = guest_data_received},
    {.size = sizeof(ph_stream_ops),
     .kind = PH_STREAM,
     .connection_made = guest_connection_made,
     .destroy = guest_destroy,
     .data_received = guest_data_received},
    {.size = sizeof(ph_stream_ops),
     .kind = PH_STREAM,
     .connection_made = guest_connection_made,
     .connection_lost = guest_connection_lost,
     .data_received = guest_data_received},
    {GUEST_HEAD(sizeof(ph_stream_ops), PH_STREAM), NULL, NULL, NULL, NULL, NULL},
    /* data_received is set, but behind the end that the table declares. */
    {GUEST_HEAD(sizeof(ph_any_ops), PH_STREAM), guest_data_received, NULL, NULL, NULL, NULL},
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
    *out = index < 0 ? NULL : (void*)(uintptr_t)&faults[index];
    return PH_OK;
}

static ph_status make_protocol(ph_ctx* context, void* factory, ph_proto* out) {
    (void)context;
    out->ops = factory;
    out->self = NULL;
    return PH_OK;
}

GUEST_PLUGIN();
