// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/error.hpp"
#include "daemon/net/process_plan.hpp"

namespace protohost::net {

/// What one of the descriptors 0, 1 and 2 of a new process is connected to.
struct StandardStream {
    enum class Kind : std::uint8_t {
        pipe,       ///< one to us, or the terminal
        inherited,  ///< the daemon's own; /dev/null where it has none
        null,       ///< /dev/null
        output,     ///< of descriptor 2: whatever 1 is
        descriptor
    };

    Kind kind = Kind::pipe;
    int descriptor = -1;
};

struct TerminalSize {
    std::uint16_t rows = 24;
    std::uint16_t columns = 80;
};

struct StandardStreams {
    std::array<StandardStream, 3> streams;
    /// What are pipes without it, are together one terminal, the controlling one of the process.
    std::optional<TerminalSize> terminal;
};

/// The same, opened: both ends of each. The child's live until this is destroyed.
class OpenedStreams {
public:
    /// Errors are the kernel's, with os_errno.
    static base::Result<OpenedStreams> open(const StandardStreams& streams);

    /// Gives the child its ends.
    void put_into(ProcessPlan& plan) const;

    /// Our ends: non-blocking, none where it is no pipe. What a terminal shows comes from 1.
    std::array<base::Descriptor, 3> ours;
    bool has_terminal() const { return terminal_ >= 0; }

private:
    int open_pipe(int number);
    int open_terminal(int number, const TerminalSize& size);
    int open_null();
    int keep(int fd);

    std::array<int, 3> theirs_{-1, -1, -1};
    std::vector<base::Descriptor> kept_;  ///< of theirs, what is not somebody else's
    int terminal_ = -1;                   ///< the first of theirs that is one
    int slave_ = -1;
    int master_ = -1;  ///< one of `ours`
};

}  // namespace protohost::net
