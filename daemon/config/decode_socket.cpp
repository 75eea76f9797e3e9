// SPDX-License-Identifier: MIT
#include "daemon/config/decode_socket.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>
#include <system_error>

#include "daemon/base/format.hpp"
#include "daemon/config/addresses.hpp"
#include "daemon/config/decode_multicast.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/kinds.hpp"
#include "daemon/config/read_address.hpp"
#include "daemon/model/host_port.hpp"
#include "daemon/model/quantity.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using AddressKind = model::Address::Kind;
using Way = Opening::Way;
using model::Node;

/// What is inherited is bound already.
bool is_bound_to_host(const Opening& opening) {
    return opening.is({Way::listen, Way::bind}) &&
           opening.has({AddressKind::tcp, AddressKind::udp});
}

bool may_be_ipv6(const Opening& opening) {
    const auto is_ipv4 = [](const auto& address) { return model::is_ipv4(address.host); };
    const auto& all = opening.addresses;
    // Of a name nobody knows yet; what is no host has none.
    const auto fits = [&](const model::Address& address) {
        return !address.host.empty() && !is_ipv4(address);
    };
    return is_bound_to_host(opening) && (all.empty() || std::any_of(all.begin(), all.end(), fits));
}

/// What is inherited is connected already.
bool can_choose_its_own_end(const Opening& opening) {
    const auto inherited = [](const model::Address& address) {
        return address.kind == AddressKind::descriptor;
    };
    const auto& all = opening.addresses;
    return opening.is({Way::connect}) && std::none_of(all.begin(), all.end(), inherited);
}

bool has_file(const Opening& opening) {
    return opening.is({Way::listen, Way::bind}) &&
           opening.has({AddressKind::unix_path, AddressKind::unixgram_path});
}

constexpr std::string_view only_files =
    "only a UNIX socket with a path, listened on or bound, is a file";

/// Of the unit's own address. What is not here also holds for whatever its protocols open, and so
/// has an effect everywhere.
constexpr std::array socket_rules{
    Rule{keys::socket::reuse_port,
         is_bound_to_host,
         "only a tcp: or udp: address, listened on or bound, can be shared"},
    Rule{keys::socket::ipv6_only,
         may_be_ipv6,
         "only an IPv6 address, listened on or bound, can take IPv4 too"},
    Rule{keys::socket::local,
         can_choose_its_own_end,
         "only an endpoint that connects to an address has one of its own to choose"},
    Rule{keys::socket::multicast,
         [](const Opening& opening) {
             return opening.is({Way::bind}) &&
                    opening.has({AddressKind::udp, AddressKind::descriptor, AddressKind::systemd});
         },
         "only an endpoint with bind: udp://HOST:PORT can join groups"},
    Rule{keys::socket::mode, has_file, only_files},
    Rule{keys::socket::owner, has_file, only_files},
    Rule{keys::socket::group, has_file, only_files},
};

/// What the kernel may refuse.
constexpr std::array place_keys{keys::socket::keepalive,
                                keys::socket::nodelay,
                                keys::socket::user_timeout,
                                keys::socket::reuse_port,
                                keys::socket::ipv6_only,
                                keys::socket::local,
                                keys::socket::send_buffer,
                                keys::socket::receive_buffer,
                                keys::socket::broadcast,
                                keys::socket::multicast,
                                keys::socket::mode,
                                keys::socket::owner,
                                keys::socket::group};

base::Result<int> read_backlog(const Node& node) {
    const auto value = model::read_integer(node, 1, std::numeric_limits<int>::max());
    if (!value) return value.error();
    return base::success(static_cast<int>(*value));
}

/// The kernel counts in milliseconds, in an int.
base::Result<std::chrono::nanoseconds> read_user_timeout(const Node& node) {
    auto value = read_timeout_or_none(node);
    if (value && *value > std::chrono::hours(24 * 24)) {
        return base::Errors{model::unexpected(node, "at most 24d")};
    }
    return value;
}

/// The kernel doubles it, in an int.
base::Result<std::uint64_t> read_kernel_buffer(const Node& node) {
    auto value = model::read_size(node);
    if (value && *value >= std::uint64_t{1} << 30U) {
        return base::Errors{model::unexpected(node, "less than 1GiB")};
    }
    return value;
}

base::Result<std::uint32_t> read_mode(const Node& node) {
    constexpr std::string_view what = "permissions in octal such as 0660";
    if (node.kind != Node::Kind::scalar) return base::Errors{model::unexpected(node, what)};
    const std::string& text = node.text;
    std::uint32_t mode = 0;
    const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
    const bool octal = problem == std::errc{} && stop == text.data() + text.size();
    if (octal && text.starts_with('0') && mode <= 0777U) return base::success(mode);
    std::string hint;
    if (octal && mode > 0777U) hint = "at most 0777";
    if (octal && mode <= 0777U) hint = base::format("write 0{}", text);
    return base::Errors{model::unexpected(node, what, std::move(hint))};
}

Node write_backlog(const int& backlog) {
    return write_count(static_cast<std::uint64_t>(backlog));
}

Node write_mode(const std::uint32_t& mode) {
    return write_word(base::format("{:04o}", mode));
}

constexpr Kind<int> backlog{read_backlog, write_backlog, count_above_zero_shape};
constexpr Kind<std::chrono::nanoseconds> user_timeout{
    read_user_timeout, write_duration, duration_shape};
constexpr Kind<std::uint64_t> kernel_buffer{read_kernel_buffer, write_size, size_shape};
constexpr Kind<std::uint32_t> mode{read_mode, write_mode, mode_shape};

}  // namespace

model::SocketSettings decode_socket(Section section,
                                    const std::optional<Opening>& opening,
                                    Report& report) {
    namespace key = keys::socket;
    model::SocketSettings socket;
    if (opening) refuse_idle_keys(section, socket_rules, *opening);
    std::optional<model::Address> address;
    if (opening && !opening->addresses.empty()) address = opening->addresses[0];

    section.read(key::keepalive, socket.keepalive, kinds::boolean);
    section.read(key::nodelay, socket.nodelay, kinds::boolean);
    section.read(key::user_timeout, socket.user_timeout, user_timeout);
    section.read(key::reuse_port, socket.reuse_port, kinds::boolean);
    section.read(key::backlog, socket.backlog, backlog);
    section.read(key::ipv6_only, socket.ipv6_only, kinds::boolean);
    section.read(
        key::local, socket.local, kinds::address<AddressUse::local>, [&](const Node& node) {
            return read_other_end(node, AddressUse::local, address);
        });
    section.read(key::send_buffer, socket.send_buffer, kernel_buffer);
    section.read(key::receive_buffer, socket.receive_buffer, kernel_buffer);
    section.read(key::broadcast, socket.broadcast, kinds::boolean);
    socket.multicast = decode_multicast(section, address, report);
    section.read(key::mode, socket.mode, mode);
    section.read(key::owner, socket.owner, kinds::account);
    section.read(key::group, socket.group, kinds::account);
    for (const keys::Key& each : place_keys) {
        const Node* const node = section.find(each);
        if (node == nullptr) continue;
        socket.places.known[base::format("socket.{}", each.name)] =
            model::to_string(node->place, node->path);
    }
    section.finish();
    return socket;
}

}  // namespace protohost::config
