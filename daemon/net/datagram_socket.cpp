// SPDX-License-Identifier: MIT
#include "daemon/net/datagram_socket.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <utility>
#include <vector>

#include "daemon/net/bind_remedy.hpp"
#include "daemon/net/inherited.hpp"
#include "daemon/net/socket_options.hpp"

namespace protohost::net {

namespace {

using Kind = model::Address::Kind;

/// Where one socket may be bound and connected to; AF_UNSPEC: nowhere.
struct Pair {
    SocketAddress local;
    SocketAddress remote;

    int family() const { return local.family() != AF_UNSPEC ? local.family() : remote.family(); }
};

constexpr std::string_view broadcast_remedy = "a broadcast address needs socket: {broadcast: true}";

base::Errors cannot(const std::string& verb,
                    const SocketAddress& address,
                    int os_errno,
                    const std::string& where) {
    std::string remedy;
    if (address.family() != AF_UNIX) {
        if (verb == "bind to") {
            remedy = bind_remedy(os_errno, SOCK_DGRAM);
        } else if (os_errno == EACCES) {
            remedy = broadcast_remedy;
        }
    }
    return base::failure(
        where,
        "cannot " + verb + " " + address.uri(SOCK_DGRAM) + ": " + std::strerror(os_errno),
        std::move(remedy),
        os_errno);
}

base::Errors bind_to(const SocketAddress& local,
                     DatagramSocket& opened,
                     const model::SocketSettings& settings,
                     const std::string& where) {
    const int fd = opened.descriptor.get();
    if (auto refused = apply_bind_options(fd, opened.family, SOCK_DGRAM, settings)) {
        return at_its_key(*refused, settings, where);
    }
    if (const std::string path = local.path(); !path.empty()) {
        auto file = SocketFile::claim(path, SOCK_DGRAM, where);
        if (!file) return file.error();
        opened.file = std::move(*file);
        // The file that bind() makes has at most this mode: nobody sends before it is right.
        if (settings.mode) ::fchmod(fd, *settings.mode);
    }
    if (::bind(fd, local.data(), local.size()) != 0) return cannot("bind to", local, errno, where);
    return opened.file != nullptr ? opened.file->bound(settings, where) : base::Errors();
}

/// An abstract name that nobody else has: whoever gets a datagram from here can answer it.
void bind_to_any_name(int fd) {
    const sa_family_t unnamed = AF_UNIX;
    // Without one it still sends, and connects.
    static_cast<void>(::bind(fd, reinterpret_cast<const sockaddr*>(&unnamed), sizeof unnamed));
}

base::Errors connect(DatagramSocket& opened,
                     const SocketAddress& remote,
                     const model::SocketSettings& settings,
                     const std::string& where) {
    opened.remote = remote;
    if (settings.broadcast && remote.family() != AF_UNIX) return {};
    opened.connected = true;
    const int fd = opened.descriptor.get();
    if (::connect(fd, remote.data(), remote.size()) == 0) return {};
    return cannot("connect to", remote, errno, where);
}

/// Whatever holds for the socket, wherever it comes from.
base::Errors apply(const DatagramSocket& opened,
                   const model::SocketSettings& settings,
                   const std::string& where) {
    const int fd = opened.descriptor.get();
    const auto refused = apply_datagram_options(fd, opened.family, settings);
    return refused ? at_its_key(*refused, settings, where) : base::Errors();
}

base::Errors join(const DatagramSocket& opened,
                  const model::SocketSettings& settings,
                  const std::string& where) {
    const auto refused = join_multicast(opened.descriptor.get(), opened.family, settings);
    return refused ? at_its_key(*refused, settings, where) : base::Errors();
}

base::Result<DatagramSocket> open_pair(const Pair& pair,
                                       const model::SocketSettings& settings,
                                       const std::string& where) {
    DatagramSocket opened;
    opened.family = pair.family();
    opened.descriptor =
        base::Descriptor(::socket(opened.family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!opened.descriptor) {
        const bool bound = pair.local.family() != AF_UNSPEC;
        return cannot("open", bound ? pair.local : pair.remote, errno, where);
    }
    base::Errors errors = apply(opened, settings, where);
    if (errors.empty() && pair.local.family() != AF_UNSPEC) {
        errors = bind_to(pair.local, opened, settings, place_of_local(settings, where));
    } else if (opened.family == AF_UNIX) {
        bind_to_any_name(opened.descriptor.get());
    }
    if (errors.empty()) errors = join(opened, settings, where);
    if (errors.empty() && pair.remote.family() != AF_UNSPEC) {
        errors = connect(opened, pair.remote, settings, where);
    }
    if (!errors.empty()) return errors;
    return opened;
}

base::Result<std::vector<SocketAddress>> addresses_of(const std::optional<model::Address>& address,
                                                      const std::string& where) {
    if (!address) return std::vector<SocketAddress>{};
    const auto placed = [&](base::Errors errors) {
        for (auto& error : errors) error.where = where;
        return errors;
    };
    if (!model::is_datagram(*address)) {
        return base::failure(where,
                             model::to_string(*address) + " is no address of datagrams",
                             "use udp://HOST:PORT, unixgram:///PATH or unixgram:@NAME");
    }
    if (address->kind == Kind::udp) {
        auto found = resolve(*address);
        if (!found) return placed(found.error());
        return found;
    }
    const auto at = SocketAddress::of_unix(*address);
    if (!at) return placed(at.error());
    return std::vector<SocketAddress>{*at};
}

/// In the order of the resolver, remotes first.
std::vector<Pair> pairs_of(const std::vector<SocketAddress>& locals,
                           const std::vector<SocketAddress>& remotes) {
    std::vector<Pair> pairs;
    for (const SocketAddress& remote : remotes) {
        if (locals.empty()) pairs.push_back({{}, remote});
        for (const SocketAddress& local : locals) {
            if (local.family() == remote.family()) pairs.push_back({local, remote});
        }
    }
    if (remotes.empty()) {
        for (const SocketAddress& local : locals) pairs.push_back({local, {}});
    }
    return pairs;
}

base::Result<base::Descriptor> copy_of(const model::Address& address,
                                       PassedSockets* passed,
                                       const std::string& where) {
    if (address.kind == Kind::descriptor) return copy_inherited(address.descriptor, where);
    PassedSockets none;
    return (passed != nullptr ? *passed : none).datagrams(address.path, where);
}

base::Result<DatagramSocket> open_passed(const DatagramEnds& ends,
                                         const std::vector<SocketAddress>& remotes,
                                         PassedSockets* passed,
                                         const std::string& where) {
    auto copy = copy_of(*ends.local, passed, where);
    if (!copy) return copy.error();
    auto adopted = adopt_datagram_socket(std::move(*copy), where);
    if (!adopted) return adopted;
    base::Errors errors = apply(*adopted, ends.socket, where);
    if (errors.empty()) errors = join(*adopted, ends.socket, where);
    if (errors.empty() && !remotes.empty()) {
        errors = connect(*adopted, remotes.front(), ends.socket, where);
    }
    if (!errors.empty()) return errors;
    return adopted;
}

}  // namespace

base::Result<DatagramSocket> open_datagram_socket(const DatagramEnds& ends,
                                                  const std::string& where,
                                                  PassedSockets* passed) {
    const auto remotes = addresses_of(ends.remote, where);
    if (!remotes) return remotes.error();
    if (ends.local && model::is_passed(*ends.local)) {
        return open_passed(ends, *remotes, passed, where);
    }
    std::optional<model::Address> local = ends.local;
    if (!local && ends.socket.local) local = ends.socket.local->value;
    const auto locals = addresses_of(local, where);
    if (!locals) return locals.error();

    return open_datagram_socket(DatagramAddresses{*locals, *remotes}, ends.socket, where);
}

base::Result<DatagramSocket> open_datagram_socket(const DatagramAddresses& ends,
                                                  const model::SocketSettings& settings,
                                                  const std::string& where) {
    const std::vector<Pair> pairs = pairs_of(ends.locals, ends.remotes);
    if (pairs.empty()) {
        return base::failure(place_of_local(settings, where),
                             "the local and the remote address are of different families");
    }
    base::Errors first;
    for (const Pair& pair : pairs) {
        auto opened = open_pair(pair, settings, where);
        if (opened) return opened;
        if (first.empty()) first = opened.error();
    }
    return first;
}

std::vector<std::string> retune(const DatagramSocket& socket,
                                const model::SocketSettings& settings,
                                const model::SocketSettings& former) {
    std::vector<std::string> problems;
    const auto note = [&](const OptionsApplied& refused) {
        if (refused) problems.push_back(refused->text());
    };
    const int fd = socket.descriptor.get();
    note(apply_datagram_options(fd, socket.family, settings, former));
    note(join_multicast(fd, socket.family, settings, former));
    if (socket.file != nullptr) {
        for (const base::Error& error : socket.file->retune(settings, former)) {
            problems.push_back(base::to_string(error));
        }
    }
    return problems;
}

std::string send_error_text(int os_errno, int family) {
    std::string text = std::strerror(os_errno);
    // Of a socket that is open the kernel says it for nothing else.
    if (os_errno == EACCES && family != AF_UNIX) text.append(": ").append(broadcast_remedy);
    return text;
}

base::Result<DatagramSocket> adopt_datagram_socket(base::Descriptor descriptor,
                                                   const std::string& where) {
    DatagramSocket adopted;
    adopted.family = option_of(descriptor.get(), SO_DOMAIN);
    const bool known =
        adopted.family == AF_INET || adopted.family == AF_INET6 || adopted.family == AF_UNIX;
    if (!known || option_of(descriptor.get(), SO_TYPE) != SOCK_DGRAM) {
        return base::failure(
            where, "descriptor " + std::to_string(descriptor.get()) + " is no datagram socket");
    }
    adopted.remote = SocketAddress::peer_of(descriptor.get());
    adopted.connected = adopted.remote.family() != AF_UNSPEC;
    ::fcntl(descriptor.get(), F_SETFD, FD_CLOEXEC);
    adopted.descriptor = std::move(descriptor);
    return adopted;
}

}  // namespace protohost::net
