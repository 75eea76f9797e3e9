// SPDX-License-Identifier: MIT
#include "daemon/net/kept_sockets.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <utility>

#include "daemon/net/socket_options.hpp"

namespace protohost::net {

namespace {

bool is_bound_as(int fd, int type, const model::SocketSettings& settings) {
    const int family = option_of(fd, SO_DOMAIN);
    if (option_of(fd, SO_TYPE) != type) return false;
    if (family == AF_UNIX) return true;
    if ((option_of(fd, SO_REUSEPORT) == 1) != settings.reuse_port) return false;
    return family != AF_INET6 ||
           (option_of(fd, IPV6_V6ONLY, IPPROTO_IPV6) == 1) == settings.ipv6_only;
}

/// Port 0 asks for any.
bool is_at(const SocketAddress& wanted, const SocketAddress& local) {
    if (wanted == local) return true;
    if (wanted.family() == AF_UNIX || wanted.family() != local.family()) return false;
    if (wanted.port() != 0) return false;
    const auto host = [](const SocketAddress& address) {
        const std::string text = address.text();
        return text.substr(0, text.rfind(':'));
    };
    return host(wanted) == host(local);
}

base::Result<std::vector<SocketAddress>> addresses_of(const model::Address& address,
                                                      const std::string& where) {
    using Kind = model::Address::Kind;
    const bool has_name = address.kind == Kind::tcp || address.kind == Kind::udp;
    auto found = has_name ? resolve(address) : base::Result<std::vector<SocketAddress>>({});
    if (!has_name) {
        auto at = SocketAddress::of_unix(address);
        if (at) {
            found->push_back(*at);
        } else {
            found = at.error();
        }
    }
    if (found) return found;
    base::Errors errors = found.error();
    for (base::Error& error : errors) error.where = where;
    return errors;
}

base::Result<std::unique_ptr<SocketFile>> file_of(const KeptSocket& kept,
                                                  const SocketAddress& local,
                                                  const model::SocketSettings& settings,
                                                  const std::string& where) {
    auto file = SocketFile::take_back(local.path(), kept.file, where);
    if (!file || *file == nullptr) return file;
    if (auto errors = (*file)->bound(settings, where); !errors.empty()) return errors;
    return file;
}

/// False: it is none of those that are wanted, or two are the same.
bool are_all_at(const std::vector<KeptSocket>& kept, const std::vector<SocketAddress>& wanted) {
    if (kept.size() != wanted.size()) return false;
    return std::all_of(wanted.begin(), wanted.end(), [&](const SocketAddress& address) {
        return std::any_of(kept.begin(), kept.end(), [&](const KeptSocket& each) {
            return is_at(address, SocketAddress::local_of(each.descriptor.get()));
        });
    });
}

}  // namespace

base::Result<std::optional<std::vector<ListeningSocket>>> take_back_listening(
    std::vector<KeptSocket> kept,
    const model::Address& address,
    const model::SocketSettings& settings,
    const std::string& where) {
    using Taken = std::optional<std::vector<ListeningSocket>>;
    const auto wanted = addresses_of(address, where);
    if (!wanted) return wanted.error();
    if (!are_all_at(kept, *wanted)) return Taken();
    std::vector<ListeningSocket> taken;
    for (KeptSocket& each : kept) {
        const int fd = each.descriptor.get();
        if (!is_bound_as(fd, SOCK_STREAM, settings)) return Taken();
        ListeningSocket socket{nullptr, {}, SocketAddress::local_of(fd)};
        if (!socket.local.path().empty()) {
            auto file = file_of(each, socket.local, settings, where);
            if (!file) return file.error();
            if (*file == nullptr) return Taken();
            socket.file = std::move(*file);
        }
        const auto refused = apply_stream_options(fd, socket.local.family(), settings);
        if (refused) return at_its_key(*refused, settings, where);
        ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
        if (::listen(fd, settings.backlog) != 0) return Taken();
        socket.descriptor = std::move(each.descriptor);
        taken.push_back(std::move(socket));
    }
    return Taken(std::move(taken));
}

base::Result<std::optional<DatagramSocket>> take_back_datagrams(KeptSocket kept,
                                                                const DatagramEnds& ends,
                                                                const std::string& where) {
    using Taken = std::optional<DatagramSocket>;
    const auto wanted = addresses_of(*ends.local, where);
    if (!wanted) return wanted.error();
    const int fd = kept.descriptor.get();
    const SocketAddress local = SocketAddress::local_of(fd);
    const bool is_wanted = std::any_of(
        wanted->begin(), wanted->end(), [&](const auto& address) { return is_at(address, local); });
    if (!is_wanted || !is_bound_as(fd, SOCK_DGRAM, ends.socket)) return Taken();
    std::unique_ptr<SocketFile> file;
    if (!local.path().empty()) {
        auto found = file_of(kept, local, ends.socket, where);
        if (!found) return found.error();
        if (*found == nullptr) return Taken();
        file = std::move(*found);
    }
    auto adopted = adopt_datagram_socket(std::move(kept.descriptor), where);
    if (!adopted) return adopted.error();
    const auto refused = apply_datagram_options(fd, adopted->family, ends.socket);
    if (refused) return at_its_key(*refused, ends.socket, where);
    adopted->file = std::move(file);
    return Taken(std::move(*adopted));
}

}  // namespace protohost::net
