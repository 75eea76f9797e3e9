// SPDX-License-Identifier: MIT
#include "daemon/config/decode_listener.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/format.hpp"
#include "daemon/config/addresses.hpp"
#include "daemon/config/decode_unit.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/kinds.hpp"
#include "daemon/config/opening.hpp"
#include "daemon/config/read_address.hpp"
#include "daemon/config/section.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using AddressKind = model::Address::Kind;

constexpr std::array limits_rules{
    Rule{keys::limits::per_source,
         [](const Opening& opening) {
             return opening.has({AddressKind::tcp, AddressKind::descriptor, AddressKind::systemd});
         },
         "no connection to a UNIX socket comes from an IP address"},
};

using Addresses = std::vector<LocatedAddress>;

model::Node write_listen(const Addresses& addresses) {
    return addresses.size() == 1 ? write_address(addresses[0])
                                 : write_each(addresses, write_address);
}

constexpr Kind<Addresses> listen{read_listen, write_listen, listen_shape};

model::Limits decode_limits(Section section, const Opening& opening) {
    model::Limits limits;
    refuse_idle_keys(section, limits_rules, opening);
    section.read(keys::limits::connections, limits.connections, kinds::count);
    section.read(keys::limits::per_source, limits.per_source, kinds::count);
    section.finish();
    return limits;
}

using Networks = std::vector<model::Network>;

base::Result<model::Network> read_network(const model::Node& node) {
    std::optional<model::Network> network;
    if (node.kind == model::Node::Kind::scalar) network = model::parse_network(node.text);
    if (network) return *network;
    return base::Errors{model::unexpected(node,
                                          "a network such as 10.0.0.0/8, or an IP address",
                                          "no bits are set behind those that count")};
}

base::Result<Networks> read_networks(const model::Node& node) {
    constexpr std::string_view what = "a list of networks such as [10.0.0.0/8]";
    if (node.kind != model::Node::Kind::sequence) {
        return base::Errors{model::unexpected(node, what)};
    }
    if (node.items.empty()) {
        return base::Errors{
            model::error_at(node, "the list is empty", "write whom to trust: [10.0.0.0/8]")};
    }
    return read_each(node, read_network);
}

model::Node write_network(const model::Network& network) {
    return write_text(model::to_string(network));
}

model::Node write_networks(const Networks& networks) {
    return write_each(networks, write_network);
}

constexpr Kind<Networks> networks{read_networks, write_networks, networks_shape};

std::optional<model::ProxyProtocol> decode_proxy_protocol(Section& unit) {
    if (unit.find(keys::listener::proxy_protocol) == nullptr) return std::nullopt;
    Section section =
        unit.section(keys::listener::proxy_protocol, "a mapping: whom to believe must be said");
    model::ProxyProtocol proxy;
    section.require(keys::proxy_protocol::trusted, "[10.0.0.0/8]");
    section.read(keys::proxy_protocol::trusted, proxy.trusted, networks);
    section.read(keys::proxy_protocol::timeout, proxy.timeout, kinds::timeout_above_zero);
    section.finish();
    return proxy;
}

void refuse_keys_of_endpoints(Section& section) {
    constexpr std::string_view why = "is a key of endpoints, and this is a listener";
    for (const keys::Key& key : {keys::endpoint::connect,
                                 keys::endpoint::bind,
                                 keys::endpoint::read,
                                 keys::endpoint::write}) {
        section.refuse(
            key, std::string(why), base::format("use endpoints: {{NAME: {{{}: ...}}}}", key.name));
    }
    section.refuse(keys::endpoint::remote, std::string(why), "remove it");
    section.refuse(keys::endpoint::reconnect, std::string(why), "remove it");
    section.refuse(keys::endpoint::required,
                   "is a key of endpoints: a listener is always required",
                   "remove it");
}

model::ListenerSpec decode_listener(Section section, const model::Member& unit, Report& report) {
    model::ListenerSpec spec;
    refuse_keys_of_endpoints(section);
    section.require(keys::listener::listen, "tcp://127.0.0.1:7007");
    section.read(keys::listener::listen, spec.listen, listen);
    Opening opening{Opening::Way::listen};
    for (const auto& address : spec.listen) opening.addresses.push_back(address.value);
    decode_unit(section, unit, opening, spec, report);
    spec.limits = decode_limits(section.section(keys::listener::limits), opening);
    spec.proxy_protocol = decode_proxy_protocol(section);
    section.finish();
    return spec;
}

}  // namespace

std::map<std::string, model::ListenerSpec> decode_listeners(Section section, Report& report) {
    return decode_units(section, decode_listener, report);
}

}  // namespace protohost::config
