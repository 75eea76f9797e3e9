// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace protohost::model {

/// Where to listen or to connect, as it was written.
struct Address {
    enum class Kind {
        tcp,                ///< tcp://HOST:PORT
        udp,                ///< udp://HOST:PORT
        unix_path,          ///< unix:///PATH
        unix_abstract,      ///< unix:@NAME
        unixgram_path,      ///< unixgram:///PATH
        unixgram_abstract,  ///< unixgram:@NAME
        descriptor,         ///< fd:N, a descriptor that the daemon was started with
        systemd             ///< systemd:NAME, one that the service manager passes by that name
    };

    Kind kind = Kind::tcp;
    std::string host;  ///< tcp, udp: "127.0.0.1", "::1" (without brackets), or a name
    std::uint16_t port = 0;
    std::string path{};   ///< unix...: the path, or the name without the @; systemd: the name
    int descriptor = -1;  ///< fd

    auto operator<=>(const Address&) const = default;
};

/// What the address of a UNIX socket has room for: the bytes of a path, or of a name without the @.
inline constexpr std::size_t longest_unix_path = 107;

/// "tcp://127.0.0.1:7007", "udp://[::1]:7007", "unix:///run/x.sock", "unix:@name", "fd:3",
/// "systemd:web". On failure, `problem` says in a few words what is wrong with the text.
std::optional<Address> parse_address(std::string_view text, std::string& problem);

/// The text that parses back to it.
std::string to_string(const Address& address);

/// "tcp", "udp", "unix", "unixgram", "fd", "systemd": what stands before the first colon.
std::string_view scheme_of(const Address& address);

/// Whether datagrams are what is sent there; of what is passed nobody knows but the descriptor.
bool is_datagram(const Address& address);

/// Whether it is opened by whoever starts the daemon: fd:N, systemd:NAME.
bool is_passed(const Address& address);

/// Whether it is a file: unix:///PATH, unixgram:///PATH.
bool has_path(const Address& address);

/// Equal for two spellings of one address: tcp://[::1]:80 and tcp://[0::1]:80, unix:///run/x and
/// unix:///run//x. Names are not resolved, nor are links followed.
Address canonical(const Address& address);

}  // namespace protohost::model
