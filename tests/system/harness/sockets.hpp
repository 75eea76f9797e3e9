// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace protohost::harness {

/// A socket that a process has open: its number there, and what it is to the kernel. Both the same
/// is the same socket, which was never closed.
struct OpenSocket {
    int descriptor = -1;
    std::uint64_t inode = 0;

    bool operator==(const OpenSocket&) const = default;
};

/// The sockets that `process` listens with at a port of 127.0.0.1.
std::vector<OpenSocket> listening(pid_t process, std::uint16_t port);
/// Its UDP sockets that are bound there.
std::vector<OpenSocket> bound(pid_t process, std::uint16_t port);
/// Its UNIX sockets that listen at that path.
std::vector<OpenSocket> listening(pid_t process, const std::string& path);

}  // namespace protohost::harness
