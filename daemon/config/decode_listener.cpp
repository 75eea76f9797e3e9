// SPDX-License-Identifier: MIT
#include "daemon/config/decode_listener.hpp"

#include <limits>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/readers.hpp"
#include "daemon/config/section.hpp"
#include "daemon/model/quantity.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using model::Node;

/// Where each fixed address was taken first.
using Taken = std::map<model::Address, std::pair<std::string, model::Place>>;

/// asyncio's rule for watermarks: of the two, the one that is absent follows from the other.
void complete_watermarks(model::WriteBuffer& buffer, bool has_high, bool has_low) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    if (has_high && !has_low) buffer.low = buffer.high / 4;
    if (has_low && !has_high) buffer.high = buffer.low > most / 4 ? most : buffer.low * 4;
}

void check_order(const model::WriteBuffer& buffer, Section& section, Report& report) {
    const Node* const high = section.find(keys::write_buffer::high);
    const Node* const low = section.find(keys::write_buffer::low);
    const Node* const limit = section.find(keys::write_buffer::limit);
    if (high != nullptr && low != nullptr && buffer.low > buffer.high) {
        report.add(*low,
                   base::format("low ({}) is above high ({})",
                                model::format_size(buffer.low),
                                model::format_size(buffer.high)),
                   "writing resumes at low, so it is at most high");
    }
    const Node* const guilty = limit != nullptr ? limit : high != nullptr ? high : low;
    if (guilty != nullptr && buffer.high > buffer.limit) {
        report.add(*guilty,
                   base::format("limit ({}) is below high ({})",
                                model::format_size(buffer.limit),
                                model::format_size(buffer.high)),
                   "set limit to at least high");
    }
}

model::WriteBuffer decode_write_buffer(Section section, Report& report) {
    model::WriteBuffer buffer;
    bool right = true;
    const auto read_size = [&](keys::Key key, std::uint64_t& into) {
        const bool filled = section.read(key, into, model::read_size);
        right = right && (filled || section.find(key) == nullptr);
        return filled;
    };
    const bool has_high = read_size(keys::write_buffer::high, buffer.high);
    const bool has_low = read_size(keys::write_buffer::low, buffer.low);
    read_size(keys::write_buffer::limit, buffer.limit);
    section.read(keys::write_buffer::policy, buffer.policy, read_policy);
    section.finish();
    complete_watermarks(buffer, has_high, has_low);
    if (right) check_order(buffer, section, report);
    return buffer;
}

model::Timeouts decode_timeouts(Section section) {
    model::Timeouts timeouts;
    section.read(keys::timeouts::drain, timeouts.drain, read_timeout);
    section.finish();
    return timeouts;
}

/// Always a mapping, with a place and a path: whoever misses an option in it can say where.
Node decode_options(const model::Member& unit, const Node* options, Report& report) {
    Node empty;
    empty.kind = Node::Kind::mapping;
    empty.place = unit.key_place;
    empty.path = model::path_to(unit.value.path, keys::listener::options);
    if (options == nullptr || options->kind == Node::Kind::null) return empty;
    if (options->kind == Node::Kind::mapping) return *options;
    report.add(options->place, model::unexpected(*options, "a mapping of options"));
    return empty;
}

model::ListenerSpec decode_listener(const model::Member& unit, Report& report) {
    model::ListenerSpec spec;
    spec.name = unit.key;
    spec.place = unit.key_place;
    Section section(&unit.value, unit.key_place, report);
    section.require(keys::listener::listen, "tcp://127.0.0.1:7007");
    section.read(keys::listener::listen, spec.listen, read_addresses);
    section.require(keys::listener::protocol, "PLUGIN");
    section.read(keys::listener::protocol, spec.protocol, read_protocol);
    spec.options = decode_options(unit, section.find(keys::listener::options), report);
    spec.write_buffer = decode_write_buffer(section.section(keys::listener::write_buffer), report);
    spec.timeouts = decode_timeouts(section.section(keys::listener::timeouts));
    section.finish();
    return spec;
}

void check_name(const model::Member& unit, Report& report) {
    if (is_name(unit.key)) return;
    report.add(unit.key_place,
               {model::to_string(unit.key_place, unit.value.path),
                base::format("{} is no name for a unit", model::quote(unit.key)),
                std::string(name_rule)});
}

void check_addresses(const model::ListenerSpec& spec, Taken& taken, Report& report) {
    const std::string path = model::path_to(std::string(keys::top::listeners), spec.name);
    for (const auto& [address, place] : spec.listen) {
        if (address.port == 0) continue;
        const auto [first, fresh] = taken.try_emplace(address, spec.name, place);
        if (fresh) continue;
        report.add(
            place,
            {model::to_string(place, model::path_to(path, keys::listener::listen)),
             base::format("{} is already taken by {} at {}",
                          model::to_string(address),
                          model::path_to(std::string(keys::top::listeners), first->second.first),
                          model::to_string(first->second.second)),
             "one address can have one listener"});
    }
}

}  // namespace

std::map<std::string, model::ListenerSpec> decode_listeners(const Node* section, Report& report) {
    std::map<std::string, model::ListenerSpec> listeners;
    if (section == nullptr || section->kind == Node::Kind::null) return listeners;
    if (section->kind != Node::Kind::mapping) {
        report.add(section->place, model::unexpected(*section, "a mapping of names to listeners"));
        return listeners;
    }
    Taken taken;
    for (const model::Member& unit : section->members) {
        check_name(unit, report);
        model::ListenerSpec spec = decode_listener(unit, report);
        check_addresses(spec, taken, report);
        listeners.emplace(unit.key, std::move(spec));
    }
    return listeners;
}

}  // namespace protohost::config
