// SPDX-License-Identifier: MIT
#include "daemon/base/journal_socket.hpp"

#include <cerrno>
#include <cstdlib>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include "daemon/base/format.hpp"

namespace protohost::base {
namespace {

/// As much as one message may ever have, as far as the kernel allows it.
constexpr int wanted_buffer = 8 << 20;

Descriptor open_socket() {
    Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return socket;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &wanted_buffer, sizeof wanted_buffer);
    const timeval patience{.tv_sec = 1, .tv_usec = 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return socket;
}

}  // namespace

JournalSocket::JournalSocket(std::string path) : path_(std::move(path)) {}

// sd_journal_send() says of an entry that nobody took, because there is no journal, that all is
// well.
bool JournalSocket::send(std::string_view entry) {
    if (!socket_) socket_ = open_socket();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (!socket_ || path_.size() >= sizeof address.sun_path) return false;
    path_.copy(static_cast<char*>(address.sun_path), path_.size());
    // By its name each time: a journal that was restarted may have another socket there.
    while (::sendto(socket_.get(),
                    entry.data(),
                    entry.size(),
                    MSG_NOSIGNAL,
                    reinterpret_cast<const sockaddr*>(&address),
                    sizeof address) < 0) {
        if (errno != EINTR) return false;
    }
    return true;
}

bool take_journal_stream() {
    const char* const value = std::getenv("JOURNAL_STREAM");
    if (value == nullptr) return false;
    const std::string named(value);
    ::unsetenv("JOURNAL_STREAM");
    struct stat facts {};
    if (::fstat(STDERR_FILENO, &facts) != 0) return false;
    return named == format("{}:{}", facts.st_dev, facts.st_ino);
}

}  // namespace protohost::base
