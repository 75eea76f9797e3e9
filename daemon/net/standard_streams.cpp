// SPDX-License-Identifier: MIT
#include "daemon/net/standard_streams.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace protohost::net {

base::Result<OpenedStreams> OpenedStreams::open(const StandardStreams& streams) {
    OpenedStreams opened;
    const auto descriptor_for = [&](int number, const StandardStream& stream) {
        using Kind = StandardStream::Kind;
        switch (stream.kind) {
            case Kind::pipe:
                return streams.terminal ? opened.open_terminal(number, *streams.terminal)
                                        : opened.open_pipe(number);
            case Kind::inherited:
                return ::fcntl(number, F_GETFD) >= 0 ? number : opened.open_null();
            case Kind::null:
                return opened.open_null();
            case Kind::output:
                return opened.theirs_[STDOUT_FILENO];
            case Kind::descriptor:
                return stream.descriptor;
        }
        return -1;
    };
    for (int number = 0; number < 3; ++number) {
        const auto index = static_cast<std::size_t>(number);
        opened.theirs_[index] = descriptor_for(number, streams.streams[index]);
        if (opened.theirs_[index] < 0) {
            const int error = errno;
            return base::failure({}, std::strerror(error), {}, error);
        }
    }
    return opened;
}

void OpenedStreams::put_into(ProcessPlan& plan) const {
    for (int number = 0; number < 3; ++number) {
        plan.descriptors[number] = theirs_[static_cast<std::size_t>(number)];
    }
    if (!has_terminal()) return;
    plan.new_session = true;
    plan.controlling_terminal = terminal_;
}

int OpenedStreams::keep(int fd) {
    if (fd >= 0) kept_.emplace_back(fd);
    return fd;
}

int OpenedStreams::open_null() {
    return keep(::open("/dev/null", O_RDWR | O_CLOEXEC));
}

int OpenedStreams::open_pipe(int number) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return -1;
    const auto [reading, writing] = ends;
    const bool is_input = number == STDIN_FILENO;
    base::Descriptor& own = ours[static_cast<std::size_t>(number)];
    own = base::Descriptor(is_input ? writing : reading);
    ::fcntl(own.get(), F_SETFL, O_NONBLOCK | (is_input ? O_WRONLY : O_RDONLY));
    return keep(is_input ? reading : writing);
}

int OpenedStreams::open_terminal(int number, const TerminalSize& size) {
    if (number == STDERR_FILENO && slave_ >= 0) return slave_;
    base::Descriptor& own = ours[static_cast<std::size_t>(number)];
    if (slave_ >= 0) {
        own = base::Descriptor(::fcntl(master_, F_DUPFD_CLOEXEC, 0));
        return own ? slave_ : -1;
    }
    own = base::Descriptor(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    if (!own || ::grantpt(own.get()) != 0 || ::unlockpt(own.get()) != 0) return -1;
    master_ = own.get();
    slave_ = keep(::ioctl(master_, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    terminal_ = number;
    winsize wanted{};
    wanted.ws_row = size.rows;
    wanted.ws_col = size.columns;
    ::ioctl(master_, TIOCSWINSZ, &wanted);
    return slave_;
}

}  // namespace protohost::net
