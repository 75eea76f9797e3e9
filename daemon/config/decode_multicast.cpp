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
#include "daemon/config/kind.hpp"
#include "daemon/config/shapes.hpp"
#include "daemon/config/writers.hpp"
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

using Joined = model::Located<model::MulticastGroup>;

Node write_joined(const Joined& joined) {
    const auto& [name, interface] = joined.value;
    Node node = write_text(name);
    if (!interface.empty()) {
        const Node name_node = std::exchange(node, Node{});
        node.kind = Node::Kind::mapping;
        node.members = {{std::string(keys::multicast::group.name), {}, name_node},
                        {std::string(keys::multicast::interface.name), {}, write_text(interface)}};
    }
    node.place = joined.place;
    return node;
}

base::Result<std::string> read_any_group(const Node& node) {
    return read_group(node, std::nullopt);
}

Node write_groups(const std::vector<Joined>& groups) {
    return write_each(groups, write_joined);
}

constexpr Kind<std::vector<Joined>> groups{nullptr, write_groups, multicast_group_shape};
constexpr Kind<std::string> group{read_any_group, write_text, multicast_group_shape};
constexpr Kind<std::string> device{read_interface, write_text, interface_shape};

/// nullopt: the report says why.
std::optional<model::MulticastGroup> decode_item(Section& socket,
                                                 const Node& item,
                                                 const Bound& bound,
                                                 Report& report) {
    model::MulticastGroup joined;
    if (item.kind != Node::Kind::mapping) {
        auto text = read_group(item, bound);
        if (!text) {
            report.add(item.place, text.error());
            return std::nullopt;
        }
        joined.group = std::move(*text);
        return joined;
    }
    Section section = socket.item(keys::socket::multicast, item);
    section.require(keys::multicast::group, "239.1.2.3");
    const bool right =
        section.read(keys::multicast::group, joined.group, group, [&](const Node& node) {
            return read_group(node, bound);
        });
    section.read(keys::multicast::interface, joined.interface, device);
    section.finish();
    return right ? std::optional(joined) : std::nullopt;
}

std::vector<Joined> decode_items(Section& socket,
                                 const Node& list,
                                 const Bound& bound,
                                 Report& report) {
    std::vector<Joined> all;
    for (const Node& item : list.items) {
        auto joined = decode_item(socket, item, bound, report);
        if (!joined) continue;
        Joined placed{std::move(*joined), item.place};
        if (std::find(all.begin(), all.end(), placed) != all.end()) {
            report.add(item, base::format("{} is joined twice", placed.value.group), "remove one");
            continue;
        }
        all.push_back(std::move(placed));
    }
    return all;
}

}  // namespace

std::vector<model::MulticastGroup> decode_multicast(Section& socket,
                                                    const Bound& bound,
                                                    Report& report) {
    const Node* const list = socket.find(keys::socket::multicast);
    std::vector<Joined> joined;
    if (list != nullptr && list->kind == Node::Kind::sequence) {
        joined = decode_items(socket, *list, bound, report);
    } else if (list != nullptr) {
        const bool one = model::is_multicast(list->text);
        report.add(list->place,
                   model::unexpected(*list,
                                     "a list of multicast groups",
                                     base::format("write [{}]", one ? list->text : "239.1.2.3")));
    }
    socket.hold(keys::socket::multicast, joined, groups);
    std::vector<model::MulticastGroup> values;
    values.reserve(joined.size());
    for (Joined& placed : joined) values.push_back(std::move(placed.value));
    return values;
}

}  // namespace protohost::config
