// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace protohost::net {

/// `memory.write_buffers`: how many bytes may wait in all write queues of the loop together, those
/// of datagrams included. The queues count themselves.
///
/// A transport whose unit aborts at a limit asks only for what the kernel did not take, so that a
/// full budget ends those alone who need more of it. A write that may be refused is refused whole:
/// that has to be known before anything of it is sent.
class WriteBudget {
public:
    /// Without one, nothing is limited. What waits already stays, also when it is more.
    void set_limit(std::uint64_t bytes) { limit_ = bytes; }
    std::uint64_t limit() const { return limit_; }
    std::uint64_t used() const { return used_; }

    /// Whether `bytes` more may wait.
    bool has_room(std::uint64_t bytes) const { return used_ <= limit_ && bytes <= limit_ - used_; }

    void add(std::uint64_t bytes) { used_ += bytes; }
    void remove(std::uint64_t bytes) { used_ -= bytes; }

private:
    std::uint64_t limit_ = UINT64_MAX;
    std::uint64_t used_ = 0;
};

}  // namespace protohost::net
