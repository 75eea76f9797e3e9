// SPDX-License-Identifier: MIT
#include "daemon/config/decode_unit.hpp"

#include <array>

#include "daemon/base/format.hpp"
#include "daemon/config/decode_socket.hpp"
#include "daemon/config/decode_tls.hpp"
#include "daemon/config/decode_write_buffer.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/kinds.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using AddressKind = model::Address::Kind;
using Way = Opening::Way;
using model::Node;

bool is_pipe(const Opening& opening) {
    return opening.is({Way::read, Way::write});
}

bool has_bytes(const Opening& opening) {
    const bool stream =
        opening.is({Way::listen, Way::connect}) && opening.has({AddressKind::tcp,
                                                                AddressKind::unix_path,
                                                                AddressKind::unix_abstract,
                                                                AddressKind::descriptor,
                                                                AddressKind::systemd});
    return stream || is_pipe(opening);
}

constexpr std::array unit_rules{
    Rule{keys::unit::write_buffer,
         [](const Opening& opening) { return !opening.is({Way::read}); },
         "nothing is written to what is only read"},
    Rule{keys::unit::socket,
         [](const Opening& opening) { return !is_pipe(opening); },
         "a pipe is no socket"},
    Rule{keys::unit::tls,
         [](const Opening& opening) { return has_bytes(opening) && !is_pipe(opening); },
         "TLS is spoken over TCP and UNIX streams alone"},
};

constexpr std::array timeout_rules{
    Rule{keys::timeouts::idle, has_bytes, "datagrams are no connection that could be idle"},
    Rule{keys::timeouts::write_stall,
         [](const Opening& opening) { return has_bytes(opening) && !opening.is({Way::read}); },
         "only the peer of a connection, or of a pipe that is written, can stop taking bytes"},
};

model::Timeouts decode_timeouts(Section section, const std::optional<Opening>& opening) {
    model::Timeouts timeouts;
    if (opening) refuse_idle_keys(section, timeout_rules, *opening);
    section.read(keys::timeouts::connect, timeouts.connect, kinds::timeout_above_zero);
    section.read(keys::timeouts::idle, timeouts.idle, kinds::timeout_or_none);
    section.read(keys::timeouts::write_stall, timeouts.write_stall, kinds::timeout_or_none);
    section.read(keys::timeouts::drain, timeouts.drain, kinds::timeout);
    section.read(keys::timeouts::pipes, timeouts.pipes, kinds::timeout_or_none);
    section.finish();
    return timeouts;
}

model::Node write_protocol(const model::Located<model::ProtocolName>& name) {
    const auto& [plugin, factory] = name.value;
    return write_text(factory.empty() ? plugin : plugin + '/' + factory);
}

constexpr Kind<model::Located<model::ProtocolName>> protocol{
    read_protocol, write_protocol, protocol_shape};

/// The plugin says what they must be.
constexpr Kind<Node> options{read_node, write_node, options_shape};

/// Always a mapping, with a place and a path: whoever misses an option in it can say where.
Node decode_options(const model::Member& unit, const Node* written, Report& report) {
    Node empty;
    empty.kind = Node::Kind::mapping;
    empty.place = unit.key_place;
    empty.path = model::path_to(unit.value.path, keys::unit::options);
    if (written == nullptr || written->kind == Node::Kind::null) return empty;
    if (written->kind == Node::Kind::mapping) return *written;
    report.add(written->place, model::unexpected(*written, "a mapping of options"));
    return empty;
}

}  // namespace

void decode_unit(Section& section,
                 const model::Member& unit,
                 const std::optional<Opening>& opening,
                 model::UnitSpec& spec,
                 Report& report) {
    spec.name = unit.key;
    spec.place = unit.key_place;
    if (opening) refuse_idle_keys(section, unit_rules, *opening);
    section.require(keys::unit::protocol, "PLUGIN");
    section.read(keys::unit::protocol, spec.protocol, protocol);
    spec.options = decode_options(unit, section.find(keys::unit::options), report);
    section.hold(keys::unit::options, spec.options, options);
    spec.write_buffer = decode_write_buffer(section.section(keys::unit::write_buffer), report);
    spec.timeouts = decode_timeouts(section.section(keys::unit::timeouts), opening);
    spec.socket = decode_socket(section.section(keys::unit::socket), opening, report);
    spec.tls = decode_tls(section, opening, report);
}

void decode_protocol(Section& section,
                     const model::Member& unit,
                     model::UnitSpec& spec,
                     Report& report) {
    spec.name = unit.key;
    spec.place = unit.key_place;
    std::optional<model::Located<model::ProtocolName>> chosen;
    section.read(keys::subprocess::protocol, chosen, protocol);
    const bool has_one = section.find(keys::subprocess::protocol) != nullptr;
    if (chosen) spec.protocol = std::move(*chosen);
    if (!has_one) {
        for (const keys::Key& key : {keys::unit::options, keys::unit::write_buffer}) {
            section.refuse(key,
                           "has no effect here: without a protocol nothing is written to it",
                           "add protocol: PLUGIN, or remove it");
        }
    }
    spec.options = decode_options(unit, section.find(keys::unit::options), report);
    section.hold(keys::unit::options, spec.options, options);
    spec.write_buffer = decode_write_buffer(section.section(keys::unit::write_buffer), report);
}

}  // namespace protohost::config
