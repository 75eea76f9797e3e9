// SPDX-License-Identifier: MIT
#include "daemon/plugin/config_api.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "daemon/base/error.hpp"
#include "daemon/base/failure.hpp"
#include "daemon/base/format.hpp"
#include "daemon/model/value.hpp"
#include "daemon/plugin/option_type.hpp"

namespace protohost::plugin {
namespace {

using model::Node;

const Node* unwrap(const ph_node* node) {
    return reinterpret_cast<const Node*>(node);
}

ph_status refuse(std::string_view text) {
    base::set_failure(text);
    return PH_E_INVAL;
}

ph_status refuse(const Node& node, std::string text) {
    const char* const hint = node.is_default ? "the plugin's default" : "";
    return refuse(base::to_string(model::error_at(node, std::move(text), hint)));
}

/// Reads the value with one of model's functions, or leaves `out` alone and sets the failure.
/// `type` is what it is read as.
template <class T, class Out, class Convert>
ph_status read(const ph_node* node,
               std::uint32_t type,
               base::Result<T> (*reader)(const Node&),
               Out* out,
               Convert&& convert) {
    if (node == nullptr) return refuse("asked for the value of an absent option");
    if (out == nullptr) return refuse("asked for a value without a place to put it");
    const base::Result<T> value = reader(*unwrap(node));
    if (!value && !unwrap(node)->declared.empty()) {
        return refuse(
            *unwrap(node),
            base::format("a fault of the plugin, not of the value: declared as {}, read as {}",
                         unwrap(node)->declared,
                         type_name(type)));
    }
    if (!value) return refuse(base::to_string(value.error().front()));
    *out = convert(*value);
    return PH_OK;
}

const ph_node* get(ph_ctx*, const ph_node* node, ph_str key) {
    const Node* found = node == nullptr ? nullptr : unwrap(node)->find(view(key));
    return found == nullptr ? nullptr : handle(*found);
}

const ph_node* at(ph_ctx*, const ph_node* node, size_t index) {
    if (node == nullptr) return nullptr;
    const Node& parent = *unwrap(node);
    if (index < parent.items.size()) return handle(parent.items[index]);
    if (index < parent.members.size()) return handle(parent.members[index].value);
    return nullptr;
}

size_t count(ph_ctx*, const ph_node* node) {
    return node == nullptr ? 0 : unwrap(node)->items.size() + unwrap(node)->members.size();
}

ph_str key_at(ph_ctx*, const ph_node* node, size_t index) {
    if (node == nullptr || index >= unwrap(node)->members.size()) return {nullptr, 0};
    const std::string& key = unwrap(node)->members[index].key;
    return {key.data(), key.size()};
}

ph_status as_string(ph_ctx*, const ph_node* node, ph_str* out) {
    // Of the node's own text, which stays; what is read is a copy.
    return read(node, PH_OPTION_STRING, model::read_string, out, [&](const std::string&) {
        const std::string& text = unwrap(node)->text;
        return ph_str{text.data(), text.size()};
    });
}

ph_status as_integer(ph_ctx*, const ph_node* node, int64_t* out) {
    return read(node, PH_OPTION_INTEGER, model::read_integer, out, std::identity());
}

ph_status as_number(ph_ctx*, const ph_node* node, double* out) {
    return read(node, PH_OPTION_NUMBER, model::read_number, out, std::identity());
}

ph_status as_boolean(ph_ctx*, const ph_node* node, int32_t* out) {
    return read(node, PH_OPTION_BOOLEAN, model::read_boolean, out, [](bool value) {
        return value ? 1 : 0;
    });
}

ph_status as_duration(ph_ctx*, const ph_node* node, uint64_t* out) {
    return read(
        node, PH_OPTION_DURATION, model::read_duration, out, [](std::chrono::nanoseconds value) {
            return static_cast<uint64_t>(value.count());
        });
}

ph_status as_size(ph_ctx*, const ph_node* node, uint64_t* out) {
    return read(node, PH_OPTION_SIZE, model::read_size, out, std::identity());
}

ph_status reject(ph_ctx*, const ph_node* node, ph_str why) {
    const std::string text(view(why));
    if (node == nullptr) return refuse(text);
    return refuse(*unwrap(node), text);
}

}  // namespace

const ph_config_api& config_api() {
    static constexpr ph_config_api table = {
        .size = sizeof(ph_config_api),
        ._r = 0,
        .get = get,
        .at = at,
        .count = count,
        .key_at = key_at,
        .as_string = as_string,
        .as_integer = as_integer,
        .as_number = as_number,
        .as_boolean = as_boolean,
        .as_duration = as_duration,
        .as_size = as_size,
        .reject = reject,
    };
    return table;
}

const ph_node* handle(const Node& node) {
    return reinterpret_cast<const ph_node*>(&node);
}

}  // namespace protohost::plugin
