// SPDX-License-Identifier: MIT
#include "daemon/plugin/factory.hpp"

#include <string>
#include <utility>

#include "daemon/base/failure.hpp"
#include "daemon/base/format.hpp"
#include "daemon/base/log.hpp"
#include "daemon/plugin/config_api.hpp"
#include "daemon/plugin/guard.hpp"
#include "daemon/plugin/options.hpp"

namespace protohost::plugin {
namespace {

/// A text that the configuration getters began with a place keeps that place; any other is put
/// at the place of the options.
base::Error configure_error(const Module& module, const model::Node& options, std::string text) {
    const std::string file = options.place.file + ":";
    if (file.size() > 1 && text.starts_with(file)) {
        const auto key = text.find(": " + options.path, file.size());
        const auto end = key == std::string::npos ? key : text.find(": ", key + 2);
        if (end != std::string::npos) return {text.substr(0, end), text.substr(end + 2), {}};
    }
    return {model::to_string(options.place, options.path),
            base::format("plugin \"{}\": {}", module.name(), text),
            {}};
}

std::string_view stream_fault(const ph_stream_ops* ops) {
    if (PH_HAS(ops, data_received)) return {};
    if (PH_HAS(ops, get_buffer) && PH_HAS(ops, buffer_updated)) return {};
    return "a protocol with neither data_received nor get_buffer and buffer_updated";
}

std::string_view datagram_fault(const ph_datagram_ops* ops) {
    return PH_HAS(ops, datagram_received) ? "" : "a protocol without datagram_received";
}

std::string wrong_kind(std::uint32_t made, std::uint32_t declared) {
    const std::string_view name = kind_name(made);
    return base::format(
        "a protocol of {}, where its factory declares {} protocols",
        name.empty() ? base::format("the unknown kind {}", made) : base::format("kind {}", name),
        kind_name(declared));
}

}  // namespace

std::string protocol_fault(const ph_proto& protocol, std::uint32_t kind) {
    const ph_any_ops* ops = protocol.ops;
    if (ops == nullptr) return "no protocol";
    if (ops->size < sizeof(ph_any_ops)) return "a protocol whose table is too short";
    if (ops->kind != kind) return wrong_kind(ops->kind, kind);
    if (!PH_HAS(ops, connection_made)) return "a protocol without connection_made";
    if (!PH_HAS(ops, connection_lost)) return "a protocol without connection_lost";
    if (!PH_HAS(ops, destroy)) return "a protocol without destroy";
    // The head is common to all kinds, and `kind` says which table it is.
    switch (kind) {
        case PH_STREAM:
            return std::string(stream_fault(reinterpret_cast<const ph_stream_ops*>(ops)));
        case PH_DATAGRAM:
            return std::string(datagram_fault(reinterpret_cast<const ph_datagram_ops*>(ops)));
        default:
            return {};
    }
}

base::Result<std::unique_ptr<Factory>> Factory::configure(std::shared_ptr<Module> module,
                                                          const DeclaredFactory& declared,
                                                          const model::Node& options,
                                                          ph_ctx* context) {
    if (context == nullptr) context = module->context();
    model::Node completed;
    if (auto errors = check_options(options, declared.options, completed); !errors.empty()) {
        return errors;
    }
    void* factory = nullptr;
    const ph_status status = guarded([&] {
        return declared.table.configure(context, module->instance(), handle(completed), &factory);
    });
    if (status < 0) {
        return base::Errors{configure_error(*module, options, failure_text(status))};
    }
    return std::unique_ptr<Factory>(new Factory(std::move(module), declared, context, factory));
}

Factory::Factory(std::shared_ptr<Module> module,
                 const DeclaredFactory& declared,
                 ph_ctx* context,
                 void* factory)
    : module_(std::move(module)), declared_(declared), context_(context), factory_(factory) {}

Factory::~Factory() {
    if (declared_.table.release == nullptr) return;
    const ph_status status = guarded([&] {
        declared_.table.release(context_, factory_);
        return PH_OK;
    });
    if (status != PH_OK) {
        base::Log("plugin").debug(
            "{}/{}: release {}", module_->name(), declared_.name, failure_text(status));
    }
}

ph_status Factory::make_protocol(ph_proto& out) {
    out = {nullptr, nullptr};
    ph_proto made = {nullptr, nullptr};
    const ph_status status =
        guarded([&] { return declared_.table.make_protocol(context_, factory_, &made); });
    if (status < 0) return status;
    // A faulty protocol is not destroyed: its table has just been shown not to be trusted.
    if (const auto fault = protocol_fault(made, declared_.kind); !fault.empty()) {
        base::set_failure(base::format("misbehaves: make_protocol returned {}", fault));
        return PH_E_FAIL;
    }
    out = made;
    return PH_OK;
}

ph_status Factory::started() {
    if (declared_.table.started == nullptr) return PH_OK;
    return guarded([&] { return declared_.table.started(context_, factory_); });
}

ph_status Factory::stopped() {
    if (declared_.table.stopped == nullptr) return PH_OK;
    return guarded([&] { return declared_.table.stopped(context_, factory_); });
}

}  // namespace protohost::plugin
