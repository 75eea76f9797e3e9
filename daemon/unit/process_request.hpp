// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/error.hpp"
#include "daemon/net/process_plan.hpp"
#include "daemon/net/standard_streams.hpp"

#include <protohost/abi.h>

namespace protohost::unit {

/// What a plugin wants to be started: a ph_process, read and checked.
struct ProcessRequest {
    enum class How { exec, shell };

    /// Copies the descriptors that it names.
    ProcessRequest(const ph_process& given, How how);

    /// Whether resolve() has names to look up, and so blocks.
    bool names_somebody() const { return !user.empty() || !group.empty() || !groups.empty(); }
    /// [any] Finds out whose the process is to be, and completes its environment.
    base::Errors resolve();

    net::ProcessPlan plan;
    net::StandardStreams streams;
    std::string user;
    std::string group;
    std::vector<std::string> groups;
    bool sets_groups = false;        ///< `groups` count, also where there are none
    bool whole_environment = false;  ///< nothing comes to that of the plan
    std::vector<base::Descriptor> copies;
    /// What is wrong with the arguments, or empty.
    std::string problem;
    ph_status problem_status = PH_E_INVAL;

private:
    void read_descriptors(const ph_process& process);
    int copy(int descriptor);
    base::Errors resolve_groups();
};

}  // namespace protohost::unit
