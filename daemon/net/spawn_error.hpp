// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "daemon/base/error.hpp"
#include "daemon/net/child_start.hpp"
#include "daemon/net/process_plan.hpp"

// What spawn() says, for people.

namespace protohost::net {

/// The program that a plan names.
const std::string& program_of(const ProcessPlan& plan);

/// What keeps a plan from being one, or empty.
std::string fault_in(const ProcessPlan& plan);

/// Why a process did not become its program.
base::Errors not_started(const ProcessPlan& plan, StartStep step, int error);

}  // namespace protohost::net
