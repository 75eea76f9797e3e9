// SPDX-License-Identifier: MIT
#include <optional>
#include <stdexcept>

#include "connection.hpp"

// What only connections without a connection do.

namespace conformance {

void Connection::datagram_received(const Role& role,
                                   protohost::Bytes data,
                                   const protohost::Address& from) {
    sender_ = from;
    received(role, "datagram_received", data, from ? from.text() : "nobody");
}

void Connection::name_address(const std::string& name, const std::string& address) {
    peers_[name] = protohost::Address::parse(address).value();
}

/// None: the remote.
protohost::Address Connection::whom(const std::string& name) const {
    if (name.empty()) return {};
    if (name == "sender") return sender_;
    if (const auto found = peers_.find(name); found != peers_.end()) return found->second;
    const std::optional<protohost::Address> address = protohost::Address::parse(name);
    if (!address) throw std::logic_error("no such peer, and no address: " + name);
    return *address;
}

bool Connection::send(const Action& action) {
    if (!script_.datagrams) return false;
    if (action.verb == "sendto") {
        for (const std::string& piece : action.data) {
            status(action, datagrams().sendto(piece, whom(action.name)));
        }
    } else if (action.verb == "echo") {
        datagrams().sendto(data_, sender_);
    } else if (action.verb == "pump") {
        pump_datagrams(action);
    } else {
        return false;
    }
    return true;
}

/// To whoever sent last, as many as flow control lets through, until all have been sent.
void Connection::pump_datagrams(const Action& action) {
    while (!writing_paused_ && !transport_.is_closing() && pumped_ < action.data.size()) {
        datagrams().sendto(action.data[pumped_++], sender_);
    }
}

}  // namespace conformance
