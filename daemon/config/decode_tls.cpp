// SPDX-License-Identifier: MIT
#include "daemon/config/decode_tls.hpp"

#include <string>
#include <utility>
#include <vector>

#include "daemon/config/keys.hpp"
#include "daemon/config/kinds.hpp"
#include "daemon/config/read_tls.hpp"
#include "daemon/config/words.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

namespace key = keys::tls;
using model::Node;
using Pairs = std::vector<model::TlsPair>;
using Verify = model::TlsPeer::Verify;

Node write_pair(const model::TlsPair& pair) {
    Node node = write_text(pair.certificate.text);
    if (pair.key == pair.certificate) return node;
    const Node certificate = std::exchange(node, Node{});
    node.kind = Node::Kind::mapping;
    node.members = {{std::string(key::certificate.name), {}, certificate},
                    {std::string(key::key.name), {}, write_text(pair.key.text)}};
    return node;
}

Node write_pairs(const Pairs& pairs) {
    return write_each(pairs, write_pair);
}

constexpr Kind<Pairs> pairs{nullptr, write_pairs, path_shape};

/// Without `key`, that is in the file of the certificate.
model::TlsPair pair_of(const model::Written& certificate,
                       const std::optional<model::Written>& key) {
    return {certificate, key.value_or(certificate)};
}

/// nullopt: the report says why.
std::optional<model::TlsPair> decode_pair(Section& tls, const Node& item, Report& report) {
    if (item.kind == Node::Kind::scalar) {
        auto both = kinds::tls_file.read(item);
        if (both) return pair_of(*both, std::nullopt);
        report.add(item.place, both.error());
        return std::nullopt;
    }
    if (item.kind != Node::Kind::mapping) {
        report.add(item.place,
                   model::unexpected(item, "a path, or a mapping of certificate and key"));
        return std::nullopt;
    }
    constexpr keys::Key certificate{"certificate"};
    constexpr keys::Key private_key{"key"};
    Section section = tls.item(key::certificates, item);
    model::Written file;
    std::optional<model::Written> key_file;
    section.require(certificate, "/PATH");
    const bool right = section.read(certificate, file, kinds::tls_file);
    section.read(private_key, key_file, kinds::tls_file);
    section.finish();
    return right ? std::optional(pair_of(file, key_file)) : std::nullopt;
}

Pairs decode_pairs(Section& tls, Report& report) {
    Pairs all;
    const Node* const list = tls.require(key::certificates, "[{certificate: /PATH, key: /PATH}]");
    if (list != nullptr && list->kind == Node::Kind::sequence) {
        for (const Node& item : list->items) {
            if (auto pair = decode_pair(tls, item, report)) all.push_back(std::move(*pair));
        }
        if (list->items.empty()) {
            report.add(*list, "the list is empty", "write [{certificate: /PATH, key: /PATH}]");
        }
    } else if (list != nullptr) {
        report.add(
            list->place,
            model::unexpected(
                *list, "a list of certificates", "write [{certificate: /PATH, key: /PATH}]"));
    }
    tls.hold(key::certificates, all, pairs);
    return all;
}

/// What has no effect while nobody is verified.
void refuse_without_verifying(Section& section, Verify verify, const keys::Key& what) {
    if (verify != Verify::none) return;
    section.refuse(
        what, "has no effect here: nobody is verified", "add verify: required, or remove it");
}

model::TlsPeer decode_client(Section section) {
    namespace client = keys::tls_client;
    model::TlsPeer peer;
    section.read(client::verify, peer.verify, kinds::word<Verify>);
    std::optional<model::Written> ca;
    section.read(client::ca, ca, kinds::tls_file);
    std::optional<std::vector<std::string>> names;
    section.read(client::names, names, kinds::peer_names);
    const bool said = section.find(client::ca) != nullptr;
    refuse_without_verifying(section, peer.verify, client::ca);
    refuse_without_verifying(section, peer.verify, client::names);
    if (ca) peer.ca = std::move(*ca);
    if (names) peer.names = std::move(*names);
    if (peer.verify != Verify::none && !said) {
        section.report_missing("\"ca\" is missing: it says whose word is taken about clients",
                               "add ca: /PATH");
    }
    section.finish();
    return peer;
}

model::TlsTickets decode_tickets(Section section) {
    model::TlsTickets tickets;
    section.read(keys::tickets::rotate, tickets.rotate, kinds::timeout_above_zero);
    section.read(keys::tickets::keep, tickets.keep, kinds::former_keys);
    section.finish();
    return tickets;
}

void decode_server(Section& section, model::Tls& tls, Report& report) {
    for (const keys::Key& other : {key::server_name, key::ca, key::verify}) {
        section.refuse(other,
                       "is a key of endpoints: what a listener asks of clients is in client",
                       "use client: {verify: required, ca: /PATH}");
    }
    for (const keys::Key& other : {key::certificate, key::key}) {
        section.refuse(other,
                       "is a key of endpoints, and this is a listener",
                       "use certificates: [{certificate: /PATH, key: /PATH}]");
    }
    tls.certificates = decode_pairs(section, report);
    tls.peer = decode_client(section.section(key::client));
    tls.tickets = decode_tickets(section.section(key::tickets));
}

void decode_own_certificate(Section& section, model::Tls& tls) {
    std::optional<model::Written> certificate;
    std::optional<model::Written> private_key;
    section.read(key::certificate, certificate, kinds::tls_file);
    section.read(key::key, private_key, kinds::tls_file);
    if (section.find(key::certificate) == nullptr) {
        section.refuse(key::key, "has no certificate beside it", "add certificate: /PATH");
    }
    if (certificate) tls.certificates.push_back(pair_of(*certificate, private_key));
}

/// The host that is connected to; empty where there is none, or it is not known.
std::string host_of(const std::optional<Opening>& opening) {
    if (!opening || opening->addresses.empty()) return {};
    const std::string& host = opening->addresses[0].host;
    return host.substr(0, host.find('%'));  // of an IPv6 address, the zone is ours alone
}

void decode_client_role(Section& section, const std::optional<Opening>& opening, model::Tls& tls) {
    section.refuse(key::certificates,
                   "is a key of listeners, and this is an endpoint",
                   "use certificate: /PATH and key: /PATH");
    section.refuse(key::client, "is a key of listeners, and this is an endpoint", "remove it");
    section.refuse(key::tickets, "is a key of listeners, and this is an endpoint", "remove it");
    tls.peer.verify = Verify::required;
    section.read(key::verify, tls.peer.verify, kinds::verify_server);
    std::optional<std::string> name;
    if (const std::string host = host_of(opening); !host.empty()) name = host;
    section.read(key::server_name, name, kinds::server_name);
    std::optional<model::Written> ca;
    section.read(key::ca, ca, kinds::tls_file);
    refuse_without_verifying(section, tls.peer.verify, key::ca);
    if (ca) tls.peer.ca = std::move(*ca);
    decode_own_certificate(section, tls);
    const bool known = opening && !opening->addresses.empty();
    if (known && !name && tls.peer.verify != Verify::none &&
        section.find(key::server_name) == nullptr) {
        const bool inherited = opening->addresses[0].kind == model::Address::Kind::descriptor;
        section.report_missing(base::format("\"server_name\" is missing: {} has no host to verify",
                                            inherited ? "a descriptor" : "a UNIX socket"),
                               "add server_name: NAME, or verify: none");
    }
    tls.server_name = name.value_or("");
}

}  // namespace

std::optional<model::Tls> decode_tls(Section& unit,
                                     const std::optional<Opening>& opening,
                                     Report& report) {
    if (unit.find(keys::unit::tls) == nullptr) return std::nullopt;
    Section section = unit.section(keys::unit::tls);
    model::Tls tls;
    if (opening && opening->is({Opening::Way::listen})) {
        decode_server(section, tls, report);
    } else {
        decode_client_role(section, opening, tls);
    }
    section.read(key::start, tls.start, kinds::word<model::TlsStart>);
    section.read(key::minimum_version, tls.minimum_version, kinds::word<model::TlsVersion>);
    section.read(key::ciphers, tls.ciphers, kinds::openssl_names);
    section.read(key::groups, tls.groups, kinds::openssl_names);
    section.read(key::alpn, tls.alpn, kinds::alpn);
    section.read(key::handshake_timeout, tls.handshake_timeout, kinds::timeout_above_zero);
    section.read(key::close, tls.close, kinds::tls_close);
    section.finish();
    return tls;
}

}  // namespace protohost::config
