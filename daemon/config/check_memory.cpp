// SPDX-License-Identifier: MIT
#include "daemon/config/check_memory.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/format.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/model/quantity.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using model::Node;

/// Of a unit to which something is written.
struct Watermark {
    std::string owner;  ///< "listeners.web"
    std::uint64_t high;
    const Node* written;  ///< what it follows from; nullptr: the default
};

const Node* find(const Node* node, std::string_view key) {
    return node == nullptr ? nullptr : node->find(key);
}

/// What is no size is reported as that, and what stands in its place was written by nobody.
bool is_wrong(const Node* size) {
    return size != nullptr && !model::read_size(*size);
}

void add_watermark(const model::Member& unit,
                   std::string_view section,
                   const model::WriteBuffer& buffer,
                   std::vector<Watermark>& watermarks) {
    const Node* const written = unit.value.find(keys::unit::write_buffer);
    const Node* const high = find(written, keys::write_buffer::high);
    const Node* const low = find(written, keys::write_buffer::low);
    if (is_wrong(high) || is_wrong(low)) return;
    watermarks.push_back({model::path_to(std::string(section), unit.key),
                          buffer.high,
                          high != nullptr ? high : low});
}

/// In the order of the file.
template <class Spec>
void add_watermarks(const Node& root,
                    std::string_view section,
                    const std::map<std::string, Spec>& specs,
                    bool (*writes)(const Spec&),
                    std::vector<Watermark>& watermarks) {
    const Node* const units = root.find(section);
    if (units == nullptr) return;
    for (const model::Member& unit : units->members) {
        const auto spec = specs.find(unit.key);
        if (spec == specs.end() || !writes(spec->second)) continue;
        add_watermark(unit, section, spec->second.write_buffer, watermarks);
    }
}

std::vector<Watermark> all_watermarks(const Node& root, const model::Configuration& configuration) {
    std::vector<Watermark> watermarks;
    add_watermarks<model::ListenerSpec>(
        root,
        keys::top::listeners,
        configuration.listeners,
        [](const model::ListenerSpec&) { return true; },
        watermarks);
    add_watermarks<model::EndpointSpec>(
        root,
        keys::top::endpoints,
        configuration.endpoints,
        [](const model::EndpointSpec& spec) {
            return spec.kind != model::EndpointSpec::Kind::read;
        },
        watermarks);
    add_watermarks<model::SubprocessSpec>(
        root,
        keys::top::subprocesses,
        configuration.subprocesses,
        [](const model::SubprocessSpec& spec) { return !spec.protocol.value.plugin.empty(); },
        watermarks);
    return watermarks;
}

/// Whoever wrote it hears of the unit that needs most.
void report_too_little(const Node& written,
                       std::uint64_t together,
                       const std::vector<Watermark>& watermarks,
                       Report& report) {
    const Watermark* most = nullptr;
    for (const Watermark& each : watermarks) {
        if (each.high > together && (most == nullptr || each.high > most->high)) most = &each;
    }
    if (most == nullptr) return;
    report.add(written,
               base::format("write_buffers ({}) is below write_buffer.high ({}) of {}",
                            model::format_size(together),
                            model::format_size(most->high),
                            most->owner),
               base::format("set it to at least {}", model::format_size(most->high)));
}

}  // namespace

void check_memory(const Node& root, const model::Configuration& configuration, Report& report) {
    const std::uint64_t together = configuration.memory.write_buffers;
    const Node* const written = find(root.find(keys::top::memory), keys::memory::write_buffers);
    if (written != nullptr) {
        const auto size = model::read_size(*written);
        if (!size || *size != together) return;
    }
    const auto watermarks = all_watermarks(root, configuration);
    if (written != nullptr) return report_too_little(*written, together, watermarks, report);
    for (const Watermark& each : watermarks) {
        if (each.high <= together || each.written == nullptr) continue;
        report.add(*each.written,
                   base::format("high ({}) is above memory.write_buffers ({})",
                                model::format_size(each.high),
                                model::format_size(together)),
                   "set memory.write_buffers to at least high");
    }
}

}  // namespace protohost::config
