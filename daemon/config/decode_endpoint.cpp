// SPDX-License-Identifier: MIT
#include "daemon/config/decode_endpoint.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/config/addresses.hpp"
#include "daemon/config/decode_reconnect.hpp"
#include "daemon/config/decode_unit.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/kinds.hpp"
#include "daemon/config/opening.hpp"
#include "daemon/config/read_address.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using EndpointKind = model::EndpointSpec::Kind;
using AddressKind = model::Address::Kind;
using Way = Opening::Way;
using model::Node;

struct Choice {
    keys::Key key;
    EndpointKind kind;
    Way way;
};

constexpr std::array choices{Choice{keys::endpoint::connect, EndpointKind::connect, Way::connect},
                             Choice{keys::endpoint::bind, EndpointKind::bind, Way::bind},
                             Choice{keys::endpoint::read, EndpointKind::read, Way::read},
                             Choice{keys::endpoint::write, EndpointKind::write, Way::write}};

bool can_be_opened_again(const Opening& opening) {
    const bool descriptor =
        !opening.addresses.empty() && opening.addresses[0].kind == AddressKind::descriptor;
    return !descriptor && !opening.is({Way::bind});
}

constexpr std::array endpoint_rules{
    Rule{keys::endpoint::remote,
         [](const Opening& opening) { return opening.is({Way::bind}); },
         "only a datagram socket that is bound has a remote"},
    Rule{keys::endpoint::reconnect,
         can_be_opened_again,
         "only a connection, or a pipe with a path, can be opened again"},
};

Node write_pipe(const PipeName& name) {
    return name.descriptor < 0 ? write_path(name.path)
                               : write_text(base::format("fd:{}", name.descriptor));
}

constexpr auto& connect_address = kinds::address<AddressUse::connect>;
constexpr auto& bind_address = kinds::address<AddressUse::bind>;
constexpr Kind<PipeName> pipe{read_pipe_name, write_pipe, pipe_shape};

/// The one of connect, bind, read and write that is there; nullptr where there is none. Further
/// ones, in the order of the file, are reported.
const Choice* choose(const model::Member& unit, Section& section, Report& report) {
    const Choice* chosen = nullptr;
    model::Place first;
    for (const model::Member& member : unit.value.members) {
        const auto* const choice =
            std::find_if(choices.begin(), choices.end(), [&](const Choice& candidate) {
                return candidate.key.name == member.key;
            });
        if (choice == choices.end()) continue;
        if (chosen == nullptr) {
            chosen = choice;
            first = member.key_place;
            continue;
        }
        report.add(member.key_place,
                   {model::to_string(member.key_place, member.value.path),
                    base::format("an endpoint opens one thing, and {} is at {}",
                                 chosen->key.name,
                                 model::to_string(first)),
                    "make it an endpoint of its own"});
    }
    for (const Choice& choice : choices) section.find(choice.key);  // all of them are known
    // Where it listens, that has been said already.
    if (chosen == nullptr && unit.value.find(keys::listener::listen) == nullptr) {
        section.report_missing("one of connect, bind, read and write is missing",
                               "add connect: tcp://HOST:PORT, bind: udp://HOST:PORT, read: /PATH, "
                               "or write: /PATH");
    }
    return chosen;
}

void decode_address(const Choice& choice,
                    Section& section,
                    model::EndpointSpec& spec,
                    Opening& opening) {
    const bool right = choice.way == Way::connect
                           ? section.read(choice.key, spec.address, connect_address)
                           : section.read(choice.key, spec.address, bind_address);
    if (right) opening.addresses.push_back(spec.address.value);
}

void decode_pipe(const Choice& choice,
                 Section& section,
                 model::EndpointSpec& spec,
                 Opening& opening) {
    PipeName name;
    if (!section.read(choice.key, name, pipe)) return;
    spec.path = std::move(name.path);
    spec.descriptor = name.descriptor;
    if (spec.descriptor < 0) return;
    opening.addresses.push_back(
        {.kind = AddressKind::descriptor, .host = {}, .path = {}, .descriptor = spec.descriptor});
}

std::optional<Opening> decode_opening(const model::Member& unit,
                                      Section& section,
                                      model::EndpointSpec& spec,
                                      Report& report) {
    const Choice* const choice = choose(unit, section, report);
    if (choice == nullptr) return std::nullopt;
    spec.kind = choice->kind;
    Opening opening{choice->way};
    if (opening.is({Way::connect, Way::bind})) {
        decode_address(*choice, section, spec, opening);
    } else {
        decode_pipe(*choice, section, spec, opening);
    }
    return opening;
}

void decode_remote(Section& section,
                   const std::optional<Opening>& opening,
                   model::EndpointSpec& spec) {
    std::optional<model::Address> bound;
    if (opening && !opening->addresses.empty()) bound = opening->addresses[0];
    section.read(keys::endpoint::remote,
                 spec.remote,
                 kinds::address<AddressUse::remote>,
                 [&](const Node& node) { return read_other_end(node, AddressUse::remote, bound); });
}

model::EndpointSpec decode_endpoint(Section section, const model::Member& unit, Report& report) {
    model::EndpointSpec spec;
    section.refuse(keys::listener::listen,
                   "is a key of listeners, and this is an endpoint",
                   "use listeners: {NAME: {listen: ...}}");
    section.refuse(keys::listener::limits,
                   "is a key of listeners: an endpoint accepts no connections",
                   "remove it");
    section.refuse(keys::listener::proxy_protocol,
                   "is a key of listeners: an endpoint accepts no connections",
                   "remove it");
    const auto opening = decode_opening(unit, section, spec, report);
    if (opening) refuse_idle_keys(section, endpoint_rules, *opening);
    decode_unit(section, unit, opening, spec, report);
    decode_remote(section, opening, spec);
    const bool again = !opening || can_be_opened_again(*opening);
    spec.reconnect = again ? decode_reconnect(section, report) : std::nullopt;
    section.read(keys::endpoint::required, spec.required, kinds::boolean);
    section.finish();
    return spec;
}

}  // namespace

std::map<std::string, model::EndpointSpec> decode_endpoints(Section section, Report& report) {
    return decode_units(section, decode_endpoint, report);
}

}  // namespace protohost::config
