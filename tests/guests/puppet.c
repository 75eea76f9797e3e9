/* SPDX-License-Identifier: MIT
 *
 * A guest that does nothing by itself: a test of the same process pulls its strings. One factory
 * for streams, one for datagrams. */
#include "puppet.h"

#define GUEST_NAME "puppet"
#define GUEST_LOAD load
static ph_status load(const ph_host* host, ph_ctx* context, void** instance);
#include "guest.h"

static const ph_host* the_host;

static ph_status load(const ph_host* host, ph_ctx* context, void** instance) {
    (void)context;
    (void)instance;
    the_host = host;
    return PH_OK;
}

static ph_status configure(ph_ctx* context, void* instance, const ph_node* options, void** out) {
    const ph_str key = TEXT("strings");
    int64_t address = 0;
    (void)instance;
    const ph_status status = the_host->config->as_integer(
        context, the_host->config->get(context, options, key), &address);
    *out = (void*)(uintptr_t)address;
    return status;
}

static ph_status make_protocol(ph_ctx* context, void* factory, ph_proto* out) {
    const struct puppet_strings* strings = factory;
    (void)context;
    return strings->make_protocol(strings->test, out);
}

static ph_status started(ph_ctx* context, void* factory) {
    const struct puppet_strings* strings = factory;
    (void)context;
    return strings->started(strings->test);
}

static void release(ph_ctx* context, void* factory) {
    const struct puppet_strings* strings = factory;
    (void)context;
    strings->released(strings->test);
}

static const ph_option options[] = {
    {TEXT("strings"), PH_OPTION_INTEGER, PH_OPTION_REQUIRED, {NULL, 0}, TEXT("their address")}};

#define FACTORY(its_kind, its_name)                                                               \
    {                                                                                             \
        .size = sizeof(ph_factory), .kind = its_kind, .name = TEXT(its_name), .options = options, \
        .option_count = 1, .configure = configure, .make_protocol = make_protocol,                \
        .started = started, .release = release,                                                   \
    }
static const ph_factory streams = FACTORY(PH_STREAM, "puppet");
static const ph_factory datagrams = FACTORY(PH_DATAGRAM, "datagrams");
static const ph_factory* const factories[] = {&streams, &datagrams};
static const ph_plugin plugin = {.size = sizeof(ph_plugin),
                                 .name = TEXT(GUEST_NAME),
                                 .version = TEXT("1.0"),
                                 .factories = factories,
                                 .factory_count = 2,
                                 .load = load};

#undef GUEST_ENTRY
#define GUEST_ENTRY(host) ((void)(host), (void)&guest_plugin, &plugin)
GUEST_PLUGIN();
