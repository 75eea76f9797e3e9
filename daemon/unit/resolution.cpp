// SPDX-License-Identifier: MIT
#include "daemon/unit/resolution.hpp"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <string>
#include <utility>
#include <vector>

namespace protohost::unit {

namespace {

/// The same address, the host as a number.
model::Address numeric(const model::Address& named, const net::SocketAddress& found) {
    std::string unused;
    auto address = model::parse_address("tcp://" + found.text(), unused);
    if (!address) return named;
    address->kind = named.kind;
    return *address;
}

}  // namespace

bool has_name(const model::Address& address) {
    using enum model::Address::Kind;
    if (address.kind != tcp && address.kind != udp) return false;
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    const std::string host = address.host.substr(0, address.host.find('%'));
    return ::inet_pton(AF_INET, host.c_str(), bytes.data()) != 1 &&
           ::inet_pton(AF_INET6, host.c_str(), bytes.data()) != 1;
}

Resolution::Resolution(net::Resolver& resolver, const model::Address& address, Done done)
    : resolver_(resolver),
      id_(resolver.resolve(
          address, [address, done = std::move(done)](const net::Resolver::Answer& answer) {
              if (!answer) return done(answer.error());
              std::vector<model::Address> addresses;
              for (const auto& found : *answer) addresses.push_back(numeric(address, found));
              done(std::move(addresses));
          })) {}

}  // namespace protohost::unit
