// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "daemon/net/process_plan.hpp"

namespace protohost::net {

/// A process with all that it has started, directly or not, and whoever has become of it: known by
/// a mark that each inherits, through fork, exec, setsid and the death of its parent, and that
/// nobody loses by accident. Where the kernel keeps it, see process_tree.cpp.
class ProcessTree {
public:
    /// A mark that no other process of this machine has.
    ProcessTree();

    /// The process of that plan becomes the first of the tree.
    void mark(ProcessPlan& plan) const;

    struct Killed {
        std::size_t killed = 0;
        std::size_t left = 0;  ///< that would not die within a second, or may not be killed
    };
    /// Kills all that live, and whom they start meanwhile. [any] Blocks: it reads /proc, and waits
    /// for the dead.
    Killed kill() const;

    /// What the marks of all trees of this daemon have in common.
    static std::uint64_t family();
    /// A process that is nobody's tree, and of the family all the same.
    static void mark_as_family(ProcessPlan& plan);
    /// Kills all trees of a daemon: by whoever is left when that has gone. As kill().
    static Killed kill_family(std::uint64_t family);

private:
    std::uint64_t mark_;
};

}  // namespace protohost::net
