// SPDX-License-Identifier: MIT
#include "daemon/net/stream_timeouts.hpp"

#include <sys/ioctl.h>
#include <utility>

#include "daemon/model/quantity.hpp"

namespace protohost::net {

// What happened in a tick may have happened at its end: that one does not count.

StreamTransport::IdleTimeout::IdleTimeout(StreamTransport& transport,
                                          std::chrono::nanoseconds timeout)
    : transport_(transport),
      wheel_(transport.loop_.wheels().of(timeout)),
      timeout_(timeout),
      moved_(wheel_.now()) {
    wheel_.schedule(*this, moved_ + wheel_.ticks(timeout_) + 1);
}

void StreamTransport::IdleTimeout::due() {
    const TimingWheel::Tick when = moved_ + wheel_.ticks(timeout_) + 1;
    if (when > wheel_.now()) return wheel_.schedule(*this, when);
    transport_.timed_out("idle for " + model::format_duration(timeout_) + " (timeouts.idle)");
}

StreamTransport::StallTimeout::StallTimeout(StreamTransport& transport,
                                            std::chrono::nanoseconds timeout)
    : transport_(transport), wheel_(transport.loop_.wheels().of(timeout)), timeout_(timeout) {}

void StreamTransport::StallTimeout::waits(bool waiting) {
    if (std::exchange(waiting_, waiting) == waiting || !waiting) return;
    taken();
    unsent_ = -1;
    wheel_.schedule(*this, wheel_.now() + 1);
}

int StreamTransport::StallTimeout::unsent() const {
    int bytes = 0;
    const int fd = transport_.socket_.get();
    // Sockets and terminals have the one, FIFOs the other.
    if (::ioctl(fd, TIOCOUTQ, &bytes) == 0 || ::ioctl(fd, FIONREAD, &bytes) == 0) return bytes;
    return 0;
}

void StreamTransport::StallTimeout::due() {
    if (!waiting_) return;
    if (const int left = unsent(); std::exchange(unsent_, left) != left) taken();
    if (taken_ + wheel_.ticks(timeout_) >= wheel_.now()) {
        return wheel_.schedule(*this, wheel_.now() + 1);
    }
    transport_.timed_out("the peer has taken nothing for " + model::format_duration(timeout_) +
                         " (timeouts.write_stall)");
}

}  // namespace protohost::net
