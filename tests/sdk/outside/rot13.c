/* SPDX-License-Identifier: MIT
 * A plugin in plain C, against abi.h alone: answers with every letter moved by thirteen. */
#include <stdlib.h>

#include <protohost/abi.h>

struct instance {
    const ph_host* host;
    ph_ctx* ctx;
};

struct connection {
    const struct instance* instance;
    ph_transport* transport;
};

static unsigned char rotate(unsigned char c) {
    const unsigned char first = c >= 'a' && c <= 'z' ? 'a' : c >= 'A' && c <= 'Z' ? 'A' : 0;
    return first ? (unsigned char)(first + (c - first + 13) % 26) : c;
}

static ph_status connection_made(void* self, ph_transport* transport) {
    struct connection* connection = self;
    connection->transport = transport;
    return PH_OK;
}

static ph_status data_received(void* self, const void* data, size_t n) {
    const struct connection* connection = self;
    const ph_transport_api* transport = connection->instance->host->transport;
    const unsigned char* bytes = data;
    unsigned char answer[1024];
    size_t used = 0;
    for (size_t i = 0; i < n; ++i) {
        answer[used++] = rotate(bytes[i]);
        if (used == sizeof answer || i + 1 == n) {
            /* What a dying connection drops is no fault of this protocol. */
            (void)transport->write(connection->instance->ctx, connection->transport, answer, used);
            used = 0;
        }
    }
    return PH_OK;
}

static ph_status pause_writing(void* self) {
    const struct connection* connection = self;
    connection->instance->host->transport->pause_reading(connection->instance->ctx,
                                                         connection->transport);
    return PH_OK;
}

static ph_status resume_writing(void* self) {
    const struct connection* connection = self;
    connection->instance->host->transport->resume_reading(connection->instance->ctx,
                                                          connection->transport);
    return PH_OK;
}

static ph_status connection_lost(void* self, const ph_error* why_or_null) {
    (void)self;
    (void)why_or_null;
    return PH_OK;
}

static void destroy(void* self) {
    free(self);
}

static const ph_stream_ops stream_ops = {
    .size = sizeof(ph_stream_ops),
    .kind = PH_STREAM,
    .connection_made = connection_made,
    .connection_lost = connection_lost,
    .pause_writing = pause_writing,
    .resume_writing = resume_writing,
    .destroy = destroy,
    .data_received = data_received,
};

static ph_status configure(ph_ctx* ctx, void* instance, const ph_node* options, void** factory) {
    (void)ctx;
    (void)options;
    *factory = instance;
    return PH_OK;
}

static ph_status make_protocol(ph_ctx* ctx, void* factory, ph_proto* out) {
    (void)ctx;
    struct connection* connection = calloc(1, sizeof *connection);
    if (connection == NULL) return PH_E_NOMEM;
    connection->instance = factory;
    out->ops = (const ph_any_ops*)&stream_ops;
    out->self = connection;
    return PH_OK;
}

static void release(ph_ctx* ctx, void* factory) {
    (void)ctx;
    (void)factory;
}

static ph_status load(const ph_host* host, ph_ctx* ctx, void** instance) {
    struct instance* mine = calloc(1, sizeof *mine);
    if (mine == NULL) return PH_E_NOMEM;
    mine->host = host;
    mine->ctx = ctx;
    *instance = mine;
    return PH_OK;
}

static const ph_factory rot13 = {
    .size = sizeof(ph_factory),
    .kind = PH_STREAM,
    .name = {"rot13", 5},
    .summary = {"moves letters by thirteen", 25},
    .configure = configure,
    .make_protocol = make_protocol,
    .release = release,
};
static const ph_factory* const factories[] = {&rot13};

static const ph_plugin plugin = {
    .size = sizeof(ph_plugin),
    .name = {"rot13", 5},
    .version = {"1.0", 3},
    .factories = factories,
    .factory_count = 1,
    .load = load,
    .unload = free,
};

PH_PLUGIN_NOTE("rot13", "1.0", 0u, 0u);

PH_EXPORT const ph_plugin* protohost_plugin_entry_v1(const ph_host* host);
PH_EXPORT const ph_plugin* protohost_plugin_entry_v1(const ph_host* host) {
    (void)host;
    return &plugin;
}
