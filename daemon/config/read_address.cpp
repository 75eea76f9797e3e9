// SPDX-License-Identifier: MIT
#include "daemon/config/read_address.hpp"

#include <string_view>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/base/utf8.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/readers.hpp"
#include "daemon/model/host_port.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using AddressKind = model::Address::Kind;
using model::Node;

bool takes_datagrams_only(AddressUse use) {
    return use == AddressUse::bind || use == AddressUse::remote;
}

std::string_view what_of(AddressUse use) {
    return takes_datagrams_only(use) ? "an address such as udp://127.0.0.1:7007"
                                     : "an address such as tcp://127.0.0.1:7007";
}

base::Errors refused(const Node& node, std::string what, std::string hint) {
    return {model::error_at(node, std::move(what), std::move(hint))};
}

/// What keeps a well-formed address from standing where it stands.
base::Errors check_use(const Node& node, const model::Address& address, AddressUse use) {
    const std::string text = base::printable(model::to_string(address));
    const bool passed = model::is_passed(address);
    const bool datagram = model::is_datagram(address);
    if (use == AddressUse::listen && datagram) {
        return refused(node,
                       "a datagram socket has no connections",
                       base::format("use endpoints: {{NAME: {{bind: {}}}}}", text));
    }
    if (use == AddressUse::connect && address.kind == AddressKind::systemd) {
        return refused(node,
                       "what systemd passes by name is no connection",
                       base::format("use listeners: {{NAME: {{listen: {}}}}}, or bind", text));
    }
    if (use == AddressUse::bind && !datagram && !passed) {
        return refused(node,
                       "bind is for datagrams: udp, unixgram, fd, systemd",
                       base::format("use listeners: {{NAME: {{listen: {}}}}}", text));
    }
    if (use == AddressUse::remote && !datagram) {
        return refused(node, "only datagrams have a remote", "write udp://... or unixgram:...");
    }
    if (use == AddressUse::local && passed) {
        return refused(node, "a descriptor is no address to be bound to", "write an address");
    }
    if (use == AddressUse::probe && (passed || datagram)) {
        return refused(node,
                       "only what accepts connections can be asked whether it does",
                       "write tcp://... or unix:...");
    }
    const bool reached =
        use == AddressUse::connect || use == AddressUse::remote || use == AddressUse::probe;
    const bool internet = address.kind == AddressKind::tcp || address.kind == AddressKind::udp;
    if (reached && internet && address.port == 0) {
        return refused(node, "nobody can be reached at port 0", "write the port of the peer");
    }
    return {};
}

bool families_differ(const model::Address& a, const model::Address& b) {
    return (model::is_ipv4(a.host) && model::is_ipv6(b.host)) ||
           (model::is_ipv6(a.host) && model::is_ipv4(b.host));
}

}  // namespace

base::Result<LocatedAddress> read_address(const Node& node, AddressUse use) {
    if (node.kind != Node::Kind::scalar) {
        const bool several = node.kind == Node::Kind::sequence && use != AddressUse::listen;
        const char* const hint = !several                   ? ""
                                 : use == AddressUse::probe ? "one address"
                                                            : "one address; for another write "
                                                              "another endpoint";
        return base::Errors{model::unexpected(node, what_of(use), hint)};
    }
    std::string problem;
    auto address = model::parse_address(node.text, problem);
    if (!address) return base::Errors{model::unexpected(node, what_of(use), std::move(problem))};
    if (auto errors = check_use(node, *address, use); !errors.empty()) return errors;
    return LocatedAddress{std::move(*address), node.place};
}

base::Result<LocatedAddress> read_other_end(const Node& node,
                                            AddressUse use,
                                            const std::optional<model::Address>& first) {
    auto other = read_address(node, use);
    if (!other || !first || model::is_passed(*first)) return other;
    const std::string_view key =
        use == AddressUse::remote ? keys::endpoint::bind : keys::endpoint::connect;
    const std::string_view scheme = model::scheme_of(*first);
    if (model::scheme_of(other->value) != scheme) {
        return refused(node,
                       base::format("{} is {}:, and one socket cannot be {}: too",
                                    key,
                                    scheme,
                                    model::scheme_of(other->value)),
                       base::format("write {}:", scheme));
    }
    if (families_differ(*first, other->value)) {
        return refused(node,
                       base::format("one socket cannot have it and {}",
                                    base::printable(model::to_string(*first))),
                       "both must be IPv4, or both IPv6");
    }
    return other;
}

base::Result<std::vector<LocatedAddress>> read_listen(const Node& node) {
    constexpr std::string_view what = "an address such as tcp://127.0.0.1:7007, or a list of them";
    const auto read = [](const Node& item) { return read_address(item, AddressUse::listen); };
    if (node.kind == Node::Kind::sequence && !node.items.empty()) return read_each(node, read);
    if (node.kind == Node::Kind::sequence) {
        return refused(node, "an empty list of addresses", "a listener needs at least one");
    }
    if (node.kind != Node::Kind::scalar) return base::Errors{model::unexpected(node, what)};
    auto address = read(node);
    if (!address) return address.error();
    return std::vector{std::move(*address)};
}

base::Result<PipeName> read_pipe_name(const Node& node) {
    constexpr std::string_view what = "an absolute path or fd:N";
    if (node.kind != Node::Kind::scalar) return base::Errors{model::unexpected(node, what)};
    if (node.text.starts_with('/')) {
        auto path = read_path(node);
        if (!path) return path.error();
        return PipeName{std::move(*path), -1};
    }
    std::string problem;
    const auto address = model::parse_address(node.text, problem);
    if (address && address->kind == AddressKind::descriptor) {
        return PipeName{{{}, node.place}, address->descriptor};
    }
    const bool by_name = address && address->kind == AddressKind::systemd;
    if (address)
        problem = by_name ? "for a datagram socket use bind" : "for an address use connect";
    if (!address && !node.text.starts_with("fd:")) problem = "begin with /";
    return base::Errors{model::unexpected(node, what, std::move(problem))};
}

}  // namespace protohost::config
