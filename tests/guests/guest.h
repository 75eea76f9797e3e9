/* SPDX-License-Identifier: MIT
 *
 * A plugin that does nothing, in pieces: a guest replaces the piece in which it misbehaves, by
 * defining its macro before it includes this. C11 and C++20. */
#ifndef GUEST_H
#define GUEST_H

#include <protohost/abi.h>

#ifndef GUEST_NAME
#error "define GUEST_NAME first"
#endif
#ifndef GUEST_FLAGS /* PH_PLUGIN_PIN ... */
#define GUEST_FLAGS 0
#endif
#ifndef GUEST_ENTRY /* a function, (const ph_host *) -> const ph_plugin * */
#define GUEST_ENTRY(host) ((void)(host), &guest_plugin)
#endif
#ifndef GUEST_LOAD
#define GUEST_LOAD NULL
#endif
#ifndef GUEST_QUIESCE
#define GUEST_QUIESCE NULL
#endif
#ifndef GUEST_UNLOAD
#define GUEST_UNLOAD NULL
#endif
#ifndef GUEST_KIND
#define GUEST_KIND PH_STREAM
#endif
#ifndef GUEST_CONFIGURE
#define GUEST_CONFIGURE guest_configure
#endif
#ifndef GUEST_MAKE_PROTOCOL
#define GUEST_MAKE_PROTOCOL guest_make_protocol
#endif
#ifndef GUEST_STARTED
#define GUEST_STARTED NULL
#endif
#ifndef GUEST_RELEASE
#define GUEST_RELEASE NULL
#endif
#ifndef GUEST_STOPPED
#define GUEST_STOPPED NULL
#endif
#ifndef GUEST_OPTIONS /* an array */
#define GUEST_OPTIONS NULL
#define GUEST_OPTION_COUNT 0
#endif

#ifdef __cplusplus
#define _Static_assert static_assert
#define GUEST_EXTERN extern "C"
#define GUEST_OPS(table) reinterpret_cast<const ph_any_ops*>(table)
#else
#define GUEST_EXTERN
#define GUEST_OPS(table) ((const ph_any_ops*)(const void*)(table))
#endif

#define TEXT(literal) \
    { literal, sizeof(literal) - 1 }

static inline ph_status guest_connection_made(void* self, ph_transport* transport) {
    (void)self;
    (void)transport;
    return PH_OK;
}
static inline ph_status guest_connection_lost(void* self, const ph_error* why) {
    (void)self;
    (void)why;
    return PH_OK;
}
static inline ph_status guest_data_received(void* self, const void* data, size_t n) {
    (void)self;
    (void)data;
    (void)n;
    return PH_OK;
}
static inline void guest_destroy(void* self) {
    (void)self;
}

#define GUEST_HEAD(size, kind) \
    (size), (kind), guest_connection_made, guest_connection_lost, NULL, NULL, guest_destroy

static const ph_stream_ops guest_ops = {
    GUEST_HEAD(sizeof(ph_stream_ops), PH_STREAM), guest_data_received, NULL, NULL, NULL, NULL};

static inline ph_status guest_configure(ph_ctx* context,
                                        void* instance,
                                        const ph_node* options,
                                        void** factory) {
    (void)context;
    (void)instance;
    (void)options;
    *factory = NULL;
    return PH_OK;
}
static inline ph_status guest_make_protocol(ph_ctx* context, void* factory, ph_proto* out) {
    (void)context;
    out->ops = GUEST_OPS(&guest_ops);
    out->self = factory;
    return PH_OK;
}

/* The last line of a guest. */
#define GUEST_PLUGIN()                                                                       \
    PH_PLUGIN_NOTE(GUEST_NAME, "1.0", 0, GUEST_FLAGS);                                       \
    static const ph_factory guest_factory = {sizeof(ph_factory),                             \
                                             GUEST_KIND,                                     \
                                             TEXT(GUEST_NAME),                               \
                                             TEXT("misbehaves"),                             \
                                             GUEST_OPTIONS,                                  \
                                             GUEST_OPTION_COUNT,                             \
                                             GUEST_CONFIGURE,                                \
                                             GUEST_MAKE_PROTOCOL,                            \
                                             GUEST_STARTED,                                  \
                                             GUEST_RELEASE,                                  \
                                             GUEST_STOPPED};                                 \
    static const ph_factory* const guest_factories[] = {&guest_factory};                     \
    static const ph_plugin guest_plugin = {sizeof(ph_plugin),                                \
                                           GUEST_FLAGS,                                      \
                                           TEXT(GUEST_NAME),                                 \
                                           TEXT("1.0"),                                      \
                                           guest_factories,                                  \
                                           1,                                                \
                                           GUEST_LOAD,                                       \
                                           GUEST_QUIESCE,                                    \
                                           GUEST_UNLOAD};                                    \
    GUEST_EXTERN PH_EXPORT const ph_plugin* protohost_plugin_entry_v1(const ph_host* host);  \
    GUEST_EXTERN PH_EXPORT const ph_plugin* protohost_plugin_entry_v1(const ph_host* host) { \
        return GUEST_ENTRY(host);                                                            \
    }                                                                                        \
    _Static_assert(1, "")

#endif
