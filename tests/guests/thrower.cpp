// SPDX-License-Identifier: MIT
//
// Throws out of the callback that the option `from` names, straight across the border, as a plugin
// written without the SDK's C++ face might. Until then it echoes.
#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

#include <protohost/abi.h>

namespace {

const ph_host* the_host = nullptr;
ph_ctx* the_context = nullptr;

struct Factory {
    std::string from;
    bool buffered = false;
};

struct Protocol {
    Factory* factory = nullptr;
    ph_transport* transport = nullptr;
    std::array<char, 4096> buffer{};
};

ph_str text(std::string_view value) {
    return {value.data(), value.size()};
}

Protocol& protocol_of(void* self, std::string_view callback) {
    auto& protocol = *static_cast<Protocol*>(self);
    if (protocol.factory->from == callback) {
        throw std::runtime_error("from " + std::string(callback));
    }
    return protocol;
}

ph_status connection_made(void* self, ph_transport* transport) {
    protocol_of(self, "connection_made").transport = transport;
    return PH_OK;
}
ph_status connection_lost(void* self, const ph_error*) {
    protocol_of(self, "connection_lost");
    return PH_OK;
}
ph_status pause_writing(void* self) {
    protocol_of(self, "pause_writing");
    return PH_OK;
}
ph_status resume_writing(void* self) {
    protocol_of(self, "resume_writing");
    return PH_OK;
}
void destroy(void* self) {
    const bool asked = static_cast<Protocol*>(self)->factory->from == "destroy";
    delete static_cast<Protocol*>(self);
    if (asked) throw std::runtime_error("from destroy");
}
ph_status data_received(void* self, const void* data, size_t n) {
    Protocol& protocol = protocol_of(self, "data_received");
    return the_host->transport->write(the_context, protocol.transport, data, n);
}
ph_status get_buffer(void* self, int64_t, void** data, size_t* n) {
    Protocol& protocol = protocol_of(self, "get_buffer");
    *data = protocol.buffer.data();
    *n = protocol.buffer.size();
    return PH_OK;
}
ph_status buffer_updated(void* self, size_t n) {
    Protocol& protocol = protocol_of(self, "buffer_updated");
    return the_host->transport->write(the_context, protocol.transport, protocol.buffer.data(), n);
}
ph_status eof_received(void* self, int32_t*) {
    protocol_of(self, "eof_received");
    return PH_OK;
}
ph_status drain_requested(void* self, uint64_t, int32_t*) {
    protocol_of(self, "drain_requested");
    return PH_OK;
}

constexpr ph_stream_ops stream = {sizeof(ph_stream_ops),
                                  PH_STREAM,
                                  connection_made,
                                  connection_lost,
                                  pause_writing,
                                  resume_writing,
                                  destroy,
                                  data_received,
                                  nullptr,
                                  nullptr,
                                  eof_received,
                                  drain_requested};
constexpr ph_stream_ops buffered = {sizeof(ph_stream_ops),
                                    PH_STREAM,
                                    connection_made,
                                    connection_lost,
                                    pause_writing,
                                    resume_writing,
                                    destroy,
                                    nullptr,
                                    get_buffer,
                                    buffer_updated,
                                    eof_received,
                                    drain_requested};

ph_status load(const ph_host* host, ph_ctx* context, void**) {
    the_host = host;
    the_context = context;
    return PH_OK;
}

ph_status configure(ph_ctx* context, void*, const ph_node* options, void** factory) {
    const ph_config_api& config = *the_host->config;
    ph_str from{};
    const ph_status status =
        config.as_string(context, config.get(context, options, text("from")), &from);
    if (status < 0) return status;
    const std::string_view name(from.p, from.n);
    if (name == "configure") throw std::runtime_error("from configure");
    *factory = new Factory{std::string(name), name == "get_buffer" || name == "buffer_updated"};
    return PH_OK;
}
ph_status make_protocol(ph_ctx*, void* opaque, ph_proto* out) {
    auto* factory = static_cast<Factory*>(opaque);
    if (factory->from == "make_protocol") throw std::runtime_error("from make_protocol");
    const ph_stream_ops& ops = factory->buffered ? buffered : stream;
    *out = {reinterpret_cast<const ph_any_ops*>(&ops), new Protocol{factory, nullptr, {}}};
    return PH_OK;
}
ph_status started(ph_ctx*, void* factory) {
    if (static_cast<Factory*>(factory)->from == "started") {
        throw std::runtime_error("from started");
    }
    return PH_OK;
}
void release(ph_ctx*, void* factory) {
    const bool asked = static_cast<Factory*>(factory)->from == "release";
    delete static_cast<Factory*>(factory);
    if (asked) throw std::runtime_error("from release");
}

#define TEXT(literal) \
    { literal, sizeof(literal) - 1 }
constexpr ph_option options[] = {{TEXT("from"),
                                  PH_OPTION_STRING,
                                  PH_OPTION_REQUIRED,
                                  {nullptr, 0},
                                  TEXT("the callback that throws, or none")}};
constexpr ph_factory factory = {sizeof(ph_factory),
                                PH_STREAM,
                                TEXT("thrower"),
                                TEXT("throws"),
                                options,
                                1,
                                configure,
                                make_protocol,
                                started,
                                release,
                                nullptr};
constexpr const ph_factory* factories[] = {&factory};
constexpr ph_plugin plugin = {
    sizeof(ph_plugin), 0, TEXT("thrower"), TEXT("1.0"), factories, 1, load, nullptr, nullptr};

PH_PLUGIN_NOTE("thrower", "1.0", 0, 0);

}  // namespace

extern "C" PH_EXPORT const ph_plugin* protohost_plugin_entry_v1(const ph_host*) {
    return &plugin;
}
