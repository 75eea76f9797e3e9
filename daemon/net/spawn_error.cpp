// SPDX-License-Identifier: MIT
#include "daemon/net/spawn_error.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <unistd.h>

#include "daemon/base/format.hpp"
#include "daemon/net/program_search.hpp"
#include "daemon/net/relaxed_service.hpp"

namespace protohost::net {

namespace {

/// What the step was about, for "cannot ...".
std::string attempted(StartStep step, const ProcessPlan& plan) {
    switch (step) {
        case StartStep::create:
            return "create a process";
        case StartStep::directory:
            return "enter " + plan.directory;
        case StartStep::user:
            return base::format("become user {}", plan.user.value_or(0));
        case StartStep::group:
            return base::format("become group {}", plan.group.value_or(0));
        case StartStep::groups:
            return "set supplementary groups";
        case StartStep::limits:
            return "set a resource limit";
        case StartStep::terminal:
            return base::format("make descriptor {} the controlling terminal",
                                plan.controlling_terminal);
        case StartStep::descriptors:
            return "arrange the descriptors";
        case StartStep::signals:
        case StartStep::process_group:
        case StartStep::parent:
            return "begin";
        case StartStep::program:
            break;
    }
    return {};
}

std::string remedy(StartStep step, int error, const ProcessPlan& plan) {
    const std::string& program = program_of(plan);
    if (step == StartStep::create && error == EAGAIN) {
        return "there are as many processes as there may be (TasksMax=, LimitNPROC=)";
    }
    const bool searched = program.find('/') == std::string::npos;
    if (step == StartStep::user || step == StartStep::group || step == StartStep::groups) {
        if (error != EPERM) return {};
        return base::format("only root may run programs as somebody else; {}", relaxed_service);
    }
    if (step == StartStep::limits && error == EPERM) {
        return base::format(
            "it takes CAP_SYS_RESOURCE to be above the daemon's own limit, and nobody has more "
            "descriptors than fs.nr_open; {}",
            relaxed_service);
    }
    if (step != StartStep::program) return {};
    if (error == ENOENT && searched) {
        const auto path = variable_in(plan.environment, "PATH");
        return base::format("PATH is {}", path.empty() ? "/bin:/usr/bin" : path);
    }
    if (error == ENOENT && ::access(program.c_str(), F_OK) == 0) {
        return "it is there, but the interpreter is not that it asks for";
    }
    if (error == EACCES) return "it, and every folder above it, must be executable for its user";
    if (error == ENOEXEC) return "a script begins with a line such as #!/bin/sh";
    return {};
}

}  // namespace

const std::string& program_of(const ProcessPlan& plan) {
    return plan.executable.empty() ? plan.command.front() : plan.executable;
}

std::string fault_in(const ProcessPlan& plan) {
    if (plan.command.empty() || program_of(plan).empty()) return "no program was named";
    const auto has_end = [](const std::string& text) {
        return text.find('\0') != std::string::npos;
    };
    if (std::any_of(plan.command.begin(), plan.command.end(), has_end) ||
        has_end(plan.executable) || has_end(plan.directory)) {
        return "a command, and where it runs, are texts without a NUL";
    }
    for (const std::string& variable : plan.environment) {
        if (has_end(variable) || variable.find('=') - 1 >= variable.size()) {
            return base::format("\"{}\" is no variable of an environment (NAME=value)",
                                variable.c_str());
        }
    }
    return {};
}

base::Errors not_started(const ProcessPlan& plan, StartStep step, int error) {
    const std::string what = attempted(step, plan);
    return base::failure({},
                         base::format("cannot start {}: {}{}{}",
                                      program_of(plan),
                                      what.empty() ? "" : "cannot " + what,
                                      what.empty() ? "" : ": ",
                                      std::strerror(error)),
                         remedy(step, error, plan),
                         error);
}

}  // namespace protohost::net
