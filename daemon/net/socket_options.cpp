// SPDX-License-Identifier: MIT
#include "daemon/net/socket_options.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <climits>
#include <cstring>
#include <linux/socket.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "daemon/base/descriptor.hpp"

namespace protohost::net {

namespace {

/// Sets options one after the other, until one is refused.
class Options {
public:
    Options(int fd, int family) : fd_(fd), family_(family) {}

    bool is_ip() const { return family_ == AF_INET || family_ == AF_INET6; }

    template <class T>
    void set(const char* key, int level, int name, const T& value) {
        if (refused_ || ::setsockopt(fd_, level, name, &value, sizeof value) == 0) return;
        refuse(std::string("socket.") + key, errno, std::strerror(errno));
    }

    void refuse(std::string key, int os_errno, std::string cause) {
        if (!refused_) refused_ = RefusedOption{std::move(key), os_errno, std::move(cause)};
    }

    /// One that is on, or was.
    void flag(const char* key, int level, int name, bool wanted, bool former) {
        if (wanted || former) set(key, level, name, wanted ? 1 : 0);
    }

    void buffers(int type,
                 const model::SocketSettings& settings,
                 const model::SocketSettings& former) {
        buffer(type, "send_buffer", SO_SNDBUF, settings.send_buffer, former.send_buffer);
        buffer(type, "receive_buffer", SO_RCVBUF, settings.receive_buffer, former.receive_buffer);
    }

    OptionsApplied result() { return std::move(refused_); }

private:
    void buffer(int type, const char* key, int name, std::uint64_t bytes, std::uint64_t former) {
        if (bytes != 0) {
            set(key, SOL_SOCKET, name, static_cast<int>(std::min<std::uint64_t>(bytes, INT_MAX)));
        } else if (former != 0) {
            release_buffer(type, key, name);
        }
    }

    /// The size that a new socket has, and the kernel may change it again.
    void release_buffer(int type, const char* key, int name) {
        const base::Descriptor fresh(::socket(family_, type | SOCK_CLOEXEC, 0));
        int size = 0;
        socklen_t length = sizeof size;
        if (!fresh || ::getsockopt(fresh.get(), SOL_SOCKET, name, &size, &length) != 0) {
            return refuse(std::string("socket.") + key, errno, std::strerror(errno));
        }
        set(key, SOL_SOCKET, name, size / 2);  // the kernel says twice what it was given
        int locks = 0;
        length = sizeof locks;
        if (::getsockopt(fd_, SOL_SOCKET, SO_BUF_LOCK, &locks, &length) != 0) return;
        locks &= name == SO_SNDBUF ? ~SOCK_SNDBUF_LOCK : ~SOCK_RCVBUF_LOCK;
        set(key, SOL_SOCKET, SO_BUF_LOCK, locks);
    }

    int fd_;
    int family_;
    OptionsApplied refused_;
};

constexpr int on = 1;
constexpr int off = 0;

/// TCP counts in milliseconds: never shorter than what was asked for; 0 is "default" for both.
unsigned milliseconds(std::chrono::nanoseconds time) {
    if (time.count() <= 0) return 0;
    const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(time).count();
    return static_cast<unsigned>(std::clamp<long long>(rounded, 1, INT_MAX));
}

struct MembershipOptions {
    int v4, v6;
};
constexpr MembershipOptions joining{IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP};
constexpr MembershipOptions leaving{IP_DROP_MEMBERSHIP, IPV6_LEAVE_GROUP};

void change(Options& options,
            int family,
            const model::MulticastGroup& group,
            MembershipOptions membership) {
    const std::string key = "socket.multicast";
    unsigned interface = 0;
    if (!group.interface.empty()) {
        interface = ::if_nametoindex(group.interface.c_str());
        if (interface == 0) {
            return options.refuse(
                key, ENODEV, "there is no network interface \"" + group.interface + "\"");
        }
    }
    ip_mreqn v4{};
    v4.imr_ifindex = static_cast<int>(interface);
    ipv6_mreq v6{};
    v6.ipv6mr_interface = interface;
    if (family == AF_INET && ::inet_pton(AF_INET, group.group.c_str(), &v4.imr_multiaddr) == 1) {
        options.set("multicast", IPPROTO_IP, membership.v4, v4);
    } else if (family == AF_INET6 &&
               ::inet_pton(AF_INET6, group.group.c_str(), &v6.ipv6mr_multiaddr) == 1) {
        options.set("multicast", IPPROTO_IPV6, membership.v6, v6);
    } else {
        options.refuse(key, EAFNOSUPPORT, group.group + " is no group of the socket's family");
    }
}

}  // namespace

int option_of(int fd, int name, int level) {
    int value = -1;
    socklen_t size = sizeof value;
    return ::getsockopt(fd, level, name, &value, &size) == 0 ? value : -1;
}

base::Errors at_its_key(const RefusedOption& refused,
                        const model::SocketSettings& settings,
                        const std::string& where) {
    const auto place = settings.places.find(refused.key);
    if (place == nullptr) return base::failure(where, refused.text(), {}, refused.os_errno);
    return base::failure(*place, refused.cause, {}, refused.os_errno);
}

std::string place_of_local(const model::SocketSettings& settings, const std::string& where) {
    const auto place = settings.places.find("socket.local");
    return place == nullptr ? where : *place;
}

const model::SocketSettings& untouched() {
    static const model::SocketSettings none = [] {
        model::SocketSettings settings;
        settings.keepalive = false;
        settings.nodelay = false;
        return settings;
    }();
    return none;
}

OptionsApplied apply_stream_options(int fd,
                                    int family,
                                    const model::SocketSettings& settings,
                                    const model::SocketSettings& former) {
    Options options(fd, family);
    if (options.is_ip()) {
        options.flag("keepalive", SOL_SOCKET, SO_KEEPALIVE, settings.keepalive, former.keepalive);
        options.flag("nodelay", IPPROTO_TCP, TCP_NODELAY, settings.nodelay, former.nodelay);
        if (settings.user_timeout.count() > 0 || former.user_timeout.count() > 0) {
            options.set(
                "user_timeout", IPPROTO_TCP, TCP_USER_TIMEOUT, milliseconds(settings.user_timeout));
        }
    }
    options.buffers(SOCK_STREAM, settings, former);
    return options.result();
}

OptionsApplied apply_datagram_options(int fd,
                                      int family,
                                      const model::SocketSettings& settings,
                                      const model::SocketSettings& former) {
    Options options(fd, family);
    if (options.is_ip()) {
        options.flag("broadcast", SOL_SOCKET, SO_BROADCAST, settings.broadcast, former.broadcast);
    }
    options.buffers(SOCK_DGRAM, settings, former);
    return options.result();
}

OptionsApplied apply_bind_options(int fd,
                                  int family,
                                  int type,
                                  const model::SocketSettings& settings) {
    Options options(fd, family);
    if (!options.is_ip()) return {};
    // For datagrams it would mean that another socket may share the address and take turns.
    if (type == SOCK_STREAM) options.set("local", SOL_SOCKET, SO_REUSEADDR, on);
    if (settings.reuse_port) options.set("reuse_port", SOL_SOCKET, SO_REUSEPORT, on);
    // Set either way: what the kernel does by itself, an administrator may have changed.
    if (family == AF_INET6) {
        options.set("ipv6_only", IPPROTO_IPV6, IPV6_V6ONLY, settings.ipv6_only ? on : off);
    }
    return options.result();
}

OptionsApplied join_multicast(int fd,
                              int family,
                              const model::SocketSettings& settings,
                              const model::SocketSettings& former) {
    Options options(fd, family);
    const auto not_in = [](const auto& group, const auto& groups) {
        return std::find(groups.begin(), groups.end(), group) == groups.end();
    };
    if (settings.multicast.empty() && former.multicast.empty()) return {};
    // Else a socket on every address also gets the groups that others on this machine have joined.
    const int all = settings.multicast.empty() ? on : off;
    if (family == AF_INET) options.set("multicast", IPPROTO_IP, IP_MULTICAST_ALL, all);
    if (family == AF_INET6) options.set("multicast", IPPROTO_IPV6, IPV6_MULTICAST_ALL, all);
    for (const auto& group : former.multicast) {
        if (not_in(group, settings.multicast)) change(options, family, group, leaving);
    }
    for (const auto& group : settings.multicast) {
        if (not_in(group, former.multicast)) change(options, family, group, joining);
    }
    return options.result();
}

base::Errors rehearse_multicast(const model::SocketSettings& settings, const std::string& where) {
    for (const auto& group : settings.multicast) {
        const int family = group.group.find(':') == std::string::npos ? AF_INET : AF_INET6;
        const base::Descriptor scratch(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        Options options(scratch.get(), family);
        change(options, family, group, joining);
        if (const auto refused = options.result()) return at_its_key(*refused, settings, where);
    }
    return {};
}

}  // namespace protohost::net
