// SPDX-License-Identifier: MIT
#include "daemon/net/passed_sockets.hpp"

#include <algorithm>
#include <set>
#include <sys/socket.h>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/base/utf8.hpp"
#include "daemon/net/inherited.hpp"
#include "daemon/net/socket_address.hpp"
#include "daemon/net/socket_options.hpp"

namespace protohost::net {

namespace {

bool has_known_family(int fd) {
    const int family = option_of(fd, SO_DOMAIN);
    return family == AF_INET || family == AF_INET6 || family == AF_UNIX;
}

bool listens(int fd) {
    return has_known_family(fd) && option_of(fd, SO_TYPE) == SOCK_STREAM &&
           option_of(fd, SO_ACCEPTCONN) == 1;
}

bool takes_datagrams(int fd) {
    return has_known_family(fd) && option_of(fd, SO_TYPE) == SOCK_DGRAM;
}

/// "a datagram socket at udp://127.0.0.1:53".
std::string describe(int fd) {
    const int type = option_of(fd, SO_TYPE);
    if (type < 0) return "no socket";
    if (!has_known_family(fd)) return "a socket of another family than IPv4, IPv6 and UNIX";
    const SocketAddress local = SocketAddress::local_of(fd);
    const std::string at = local.text().empty() ? "" : " at " + local.uri(type);
    if (type == SOCK_DGRAM) return "a datagram socket" + at;
    if (type != SOCK_STREAM) return "a socket of packets" + at;
    if (listens(fd)) return "a listening stream socket" + at;
    const bool connected = SocketAddress::peer_of(fd).family() != AF_UNSPEC;
    return (connected ? "a connection" : "a stream socket that does not listen") + at;
}

}  // namespace

PassedSockets::PassedSockets(std::vector<base::PassedDescriptor> passed) {
    for (base::PassedDescriptor& each : passed) {
        entries_.push_back({std::move(each.name), std::move(each.descriptor)});
    }
}

base::Errors PassedSockets::nothing_named(const std::string& name, const std::string& where) const {
    std::set<std::string> names;
    for (const Entry& entry : entries_) names.insert(base::printable(entry.name));
    std::string there;
    for (const std::string& other : names) there += (there.empty() ? "there are " : ", ") + other;
    if (there.empty()) there = "none has been passed at all";
    return base::failure(
        where,
        base::format("no socket named {} has been passed; {}", name, there),
        base::format("FileDescriptorName={} in a .socket unit gives it that name; without one it "
                     "has the unit's own, as {}.socket",
                     name,
                     name));
}

base::Result<std::vector<PassedSockets::Entry*>> PassedSockets::find(const std::string& name,
                                                                     bool (*fits)(int fd),
                                                                     const std::string& wanted,
                                                                     const std::string& key,
                                                                     const std::string& where) {
    std::vector<Entry*> found;
    const Entry* other = nullptr;
    for (Entry& entry : entries_) {
        if (entry.name != name) continue;
        other = &entry;
        if (entry.socket && fits(entry.socket.get())) found.push_back(&entry);
    }
    if (!found.empty()) return found;
    if (other == nullptr) return nothing_named(name, where);
    if (!other->socket) {
        return base::failure(where,
                             base::format("systemd:{} was closed, because nothing took it when the "
                                          "daemon started",
                                          name),
                             "restart the daemon");
    }
    return base::failure(
        where,
        base::format("systemd:{} is {}, and {}", name, describe(other->socket.get()), wanted),
        base::format("{} in the .socket unit makes one", key));
}

base::Result<std::vector<base::Descriptor>> PassedSockets::listening(const std::string& name,
                                                                     const std::string& where) {
    const auto found = find(name,
                            listens,
                            "a listener needs a stream socket that listens",
                            "ListenStream=, with Accept=no,",
                            where);
    if (!found) return found.error();
    std::vector<base::Descriptor> copies;
    for (Entry* const entry : *found) {
        auto copy = copy_inherited(entry->socket.get(), where);
        if (!copy) return copy.error();
        entry->claimed = true;
        copies.push_back(std::move(*copy));
    }
    return copies;
}

base::Result<base::Descriptor> PassedSockets::datagrams(const std::string& name,
                                                        const std::string& where) {
    const auto found =
        find(name, takes_datagrams, "bind needs a datagram socket", "ListenDatagram=", where);
    if (!found) return found.error();
    if (found->size() > 1) {
        return base::failure(
            where,
            base::format("systemd:{} are {} sockets, and an endpoint has one", name, found->size()),
            "make a .socket unit for each");
    }
    found->front()->claimed = true;
    return copy_inherited(found->front()->socket.get(), where);
}

void PassedSockets::claim(int descriptor) {
    for (Entry& entry : entries_) {
        if (entry.socket.get() == descriptor) entry.claimed = true;
    }
}

std::vector<std::string> PassedSockets::close_unclaimed() {
    std::vector<std::string> closed;
    for (Entry& entry : entries_) {
        if (entry.claimed || !entry.socket) continue;
        closed.push_back(base::format(
            "systemd:{}, {}", base::printable(entry.name), describe(entry.socket.get())));
        entry.socket.close();
    }
    return closed;
}

}  // namespace protohost::net
