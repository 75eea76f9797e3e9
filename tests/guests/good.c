/* SPDX-License-Identifier: MIT
 *
 * A guest that behaves, and tells through the host's log what is called on it. */
#include <stdlib.h>
#include <string.h>

#include <protohost/abi.h>

#define TEXT(literal) \
    { literal, sizeof(literal) - 1 }

struct instance {
    const ph_host* host;
    ph_ctx* context;
};

struct factory {
    struct instance* instance;
    uint64_t limit;
};

static void say(const struct instance* instance, const char* text) {
    const ph_str message = {text, strlen(text)};
    instance->host->log(instance->context, PH_LOG_INFO, message);
}

static ph_str key(const char* text) {
    const ph_str result = {text, strlen(text)};
    return result;
}

static ph_status connection_made(void* self, ph_transport* transport) {
    (void)self;
    (void)transport;
    return PH_OK;
}
static ph_status connection_lost(void* self, const ph_error* why) {
    (void)self;
    (void)why;
    return PH_OK;
}
static ph_status data_received(void* self, const void* data, size_t n) {
    (void)self;
    (void)data;
    (void)n;
    return PH_OK;
}
static void destroy(void* self) {
    (void)self;
}

static const ph_stream_ops ops = {
    .size = sizeof(ph_stream_ops),
    .kind = PH_STREAM,
    .connection_made = connection_made,
    .connection_lost = connection_lost,
    .destroy = destroy,
    .data_received = data_received,
};

static ph_status load(const ph_host* host, ph_ctx* context, void** instance) {
    struct instance* made = malloc(sizeof *made);
    if (made == NULL) return PH_E_NOMEM;
    made->host = host;
    made->context = context;
    *instance = made;
    say(made, "load");
    return PH_OK;
}

static ph_status quiesce(void* instance, uint64_t deadline) {
    say(instance, "quiesce");
    return deadline == 0 ? PH_E_BUSY : PH_OK;
}

static void unload(void* instance) {
    say(instance, "unload");
    free(instance);
}

static ph_status configure(ph_ctx* context, void* opaque, const ph_node* options, void** out) {
    struct instance* instance = opaque;
    const ph_config_api* config = instance->host->config;
    const ph_node* greeting = config->get(context, options, key("greeting"));
    const ph_node* limit = config->get(context, options, key("limit"));
    ph_str text;
    uint64_t bytes;
    ph_status status = config->as_string(context, greeting, &text);
    if (status >= 0) status = config->as_size(context, limit, &bytes);
    if (status < 0) return status;
    if (text.n == 0) return config->reject(context, greeting, key("must not be empty"));
    if (bytes == 0) return instance->host->fail(context, PH_E_INVAL, key("a limit of nothing"));

    struct factory* factory = malloc(sizeof *factory);
    if (factory == NULL) return PH_E_NOMEM;
    factory->instance = instance;
    factory->limit = bytes;
    *out = factory;
    say(instance, "configure");
    return PH_OK;
}

static ph_status make_protocol(ph_ctx* context, void* factory, ph_proto* out) {
    (void)context;
    say(((struct factory*)factory)->instance, "make_protocol");
    out->ops = (const ph_any_ops*)(const void*)&ops;
    out->self = factory;
    return PH_OK;
}

static ph_status started(ph_ctx* context, void* factory) {
    (void)context;
    say(((struct factory*)factory)->instance, "started");
    return PH_OK;
}

static void release(ph_ctx* context, void* factory) {
    (void)context;
    say(((struct factory*)factory)->instance, "release");
    free(factory);
}

static const ph_option options[] = {
    {TEXT("greeting"), PH_OPTION_STRING, 0, TEXT("hello"), TEXT("what to say first")},
    {TEXT("limit"), PH_OPTION_SIZE, 0, TEXT("64KiB"), TEXT("bytes of one message")},
    {TEXT("patience"), PH_OPTION_DURATION, 0, TEXT("30s"), TEXT("silence before the end")},
    {TEXT("names"), PH_OPTION_LIST, 0, TEXT("[a, b]"), TEXT("who may come in")},
    {TEXT("token"), PH_OPTION_STRING, 0, {NULL, 0}, TEXT("a password")},
};

static const ph_factory factory = {
    .size = sizeof(ph_factory),
    .kind = PH_STREAM,
    .name = TEXT("good"),
    .summary = TEXT("says hello"),
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .configure = configure,
    .make_protocol = make_protocol,
    .started = started,
    .release = release,
};
static const ph_factory* const factories[] = {&factory};

static const ph_plugin plugin = {
    .size = sizeof(ph_plugin),
    .name = TEXT("good"),
    .version = TEXT("1.2.3"),
    .factories = factories,
    .factory_count = 1,
    .load = load,
    .quiesce = quiesce,
    .unload = unload,
};

PH_PLUGIN_NOTE("good", "1.2.3", 0, 0);

PH_EXPORT const ph_plugin* protohost_plugin_entry_v1(const ph_host* host);
PH_EXPORT const ph_plugin* protohost_plugin_entry_v1(const ph_host* host) {
    (void)host;
    return &plugin;
}
