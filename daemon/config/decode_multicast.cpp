// SPDX-License-Identifier: MIT
#include "daemon/config/decode_multicast.hpp"

#include <algorithm>
#include <net/if.h>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/base/utf8.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/section.hpp"
#include "daemon/model/host_port.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using Bound = std::optional<model::Address>;
using model::Node;

base::Result<std::string> read_group(const Node& node, const Bound& bound) {
    constexpr std::string_view what = "a multicast group such as 239.1.2.3 or ff15::7";
    if (node.kind != Node::Kind::scalar) return base::Errors{model::unexpected(node, what)};
    const std::string& group = node.text;
    if (!model::is_multicast(group)) {
        const bool host = model::is_ipv4(group) || model::is_ipv6(group);
        return base::Errors{
            model::unexpected(node, what, host ? "groups are in 224.0.0.0/4 and ff00::/8" : "")};
    }
    const bool wrong = bound && ((model::is_ipv4(bound->host) && !model::is_ipv4(group)) ||
                                 (model::is_ipv6(bound->host) && !model::is_ipv6(group)));
    if (wrong) {
        return base::Errors{model::error_at(node,
                                            base::format("{} is of another family than bind: {}",
                                                         group,
                                                         base::printable(model::to_string(*bound))),
                                            "join it in an endpoint of its own")};
    }
    return group;
}

base::Result<std::string> read_interface(const Node& node) {
    auto name = model::read_string(node);
    const bool fits = name && !name->empty() && name->size() < IF_NAMESIZE &&
                      name->find_first_of(std::string_view("/ \t\n\0", 5)) == std::string::npos;
    if (!name || fits) return name;
    return base::Errors{model::unexpected(node, "the name of a network interface such as eth0")};
}

/// nullopt: the report says why.
std::optional<model::MulticastGroup> decode_item(const Node& item,
                                                 const Bound& bound,
                                                 Report& report) {
    model::MulticastGroup joined;
    if (item.kind != Node::Kind::mapping) {
        auto group = read_group(item, bound);
        if (!group) {
            report.add(item.place, group.error());
            return std::nullopt;
        }
        joined.group = std::move(*group);
        return joined;
    }
    Section section(item, report);
    section.require(keys::multicast::group, "239.1.2.3");
    const bool right = section.read(keys::multicast::group, joined.group, [&](const Node& node) {
        return read_group(node, bound);
    });
    section.read(keys::multicast::interface, joined.interface, read_interface);
    section.finish();
    return right ? std::optional(joined) : std::nullopt;
}

}  // namespace

std::vector<model::MulticastGroup> decode_multicast(const Node* node,
                                                    const Bound& bound,
                                                    Report& report) {
    std::vector<model::MulticastGroup> groups;
    if (node == nullptr) return groups;
    if (node->kind != Node::Kind::sequence) {
        const bool group = model::is_multicast(node->text);
        report.add(node->place,
                   model::unexpected(*node,
                                     "a list of multicast groups",
                                     base::format("write [{}]", group ? node->text : "239.1.2.3")));
        return groups;
    }
    for (const Node& item : node->items) {
        auto joined = decode_item(item, bound, report);
        if (!joined) continue;
        if (std::find(groups.begin(), groups.end(), *joined) != groups.end()) {
            report.add(item, base::format("{} is joined twice", joined->group), "remove one");
            continue;
        }
        groups.push_back(std::move(*joined));
    }
    return groups;
}

}  // namespace protohost::config
