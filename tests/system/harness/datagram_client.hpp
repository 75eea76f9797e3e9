// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "daemon/base/descriptor.hpp"

#include <protohost/address.hpp>

namespace protohost::harness {

/// A datagram and who sent it.
struct ReceivedDatagram {
    std::string data;
    std::string from;

    bool operator==(const ReceivedDatagram&) const = default;
};

/// A UDP socket, of the family of the address that it has. It may broadcast, and what it sends to a
/// group goes over the loopback interface. Addresses are written "127.0.0.1:7007", "[::1]:7007".
class DatagramClient {
public:
    explicit DatagramClient(std::string_view at = "127.0.0.1:0");

    /// "127.0.0.1:PORT".
    std::string name() const;
    std::uint16_t port() const;

    /// Fails the test where the kernel refuses.
    void send(std::string_view data, std::string_view to) const;
    /// The next one. Fails the test when none comes within its patience.
    ReceivedDatagram receive() const;

private:
    Address own() const;

    base::Descriptor socket_;
};

}  // namespace protohost::harness
