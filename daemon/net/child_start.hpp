// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <sys/resource.h>
#include <sys/types.h>

namespace protohost::net {

/// Where a new process can fail to become a program.
enum class StartStep {
    create,
    signals,
    process_group,
    descriptors,
    terminal,
    limits,
    groups,
    group,
    user,
    directory,
    parent,
    program
};

struct DescriptorMove {
    int from;  ///< ours
    int to;    ///< the child's
};

struct ResourceLimit {
    int resource;
    rlimit limit;
};

/// What a new process has to do before it is another program, and what came of it. Plain memory
/// that its parent has prepared: until then the child lives in the parent's.
struct ChildStart {
    pid_t parent;
    bool new_session;
    int controlling_terminal;  ///< -1: none
    DescriptorMove* moves;     ///< in the order of `to`; written to
    std::size_t move_count;
    const ResourceLimit* limits;
    std::size_t limit_count;
    bool set_groups;
    const gid_t* groups;
    std::size_t group_count;
    static constexpr auto unchanged = static_cast<unsigned>(-1);
    gid_t group;
    uid_t user;
    mode_t umask;
    bool outlives_its_parent;
    const char* directory;  ///< nullptr: the parent's
    /// Where the program may be, nullptr behind the last: the first that is there is it.
    const char* const* programs;
    const char* const* arguments;
    const char* const* environment;

    int error;  ///< an errno; 0: it has become the program
    StartStep failed_at;
};

/// What clone() calls in the child, with a ChildStart. Never returns.
int start_child(void* start);

}  // namespace protohost::net
