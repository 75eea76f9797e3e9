// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <sys/types.h>

#include "daemon/base/descriptor.hpp"
#include "daemon/net/spawn.hpp"

namespace protohost::net {

/// How a process has ended.
struct ProcessExit {
    enum class How : std::uint8_t {
        exited,   ///< `number` is its exit code
        killed,   ///< `number` is the signal
        unknown,  ///< somebody else has waited for it
    };

    How how = How::unknown;
    int number = 0;

    bool operator==(const ProcessExit&) const = default;
};

/// A process that this one has started. Everything goes by its pidfd; and until reap() it remains a
/// zombie after its end, so that its number, and that of its group, cannot be anybody else's.
///
///     running --collect()--> exited --reap()--> gone
class ChildProcess {
public:
    explicit ChildProcess(SpawnedProcess started);
    /// One that still runs is killed, with its group, and waited for, but for no longer than a
    /// second.
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    pid_t id() const { return id_; }
    /// Readable when it has ended.
    int handle() const { return handle_.get(); }

    /// Whether it has ended; asks the kernel, without waiting.
    bool collect();
    /// How, once collect() has said so.
    const std::optional<ProcessExit>& exit() const { return exit_; }

    /// 0, or an errno: ESRCH where it has ended, EINVAL where there is no such signal.
    int send_signal(int signal);
    /// To all of its process group, whether it lives itself or not, until reap(). ESRCH: nobody is
    /// left.
    int signal_group(int signal);

    /// Lets the kernel forget it. Again, or while it runs: nothing.
    void reap();

private:
    pid_t id_;
    base::Descriptor handle_;
    std::optional<ProcessExit> exit_;
    bool reaped_ = false;
};

}  // namespace protohost::net
