// SPDX-License-Identifier: MIT
#include "daemon/unit/process_request.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/net/account.hpp"
#include "daemon/net/process_environment.hpp"

namespace protohost::unit {

namespace {

constexpr std::uint32_t known_flags =
    PH_PROCESS_ENV | PH_PROCESS_NEW_SESSION | PH_PROCESS_PTY | PH_PROCESS_UMASK | PH_PROCESS_GROUPS;
constexpr std::array standard_names{"standard input", "standard output", "standard error"};

/// The caller's struct may be shorter than ours: what it does not have is zero.
ph_process whole(const ph_process& given) {
    ph_process process{};
    std::memcpy(&process, &given, std::min<std::size_t>(given.size, sizeof process));
    return process;
}

std::string text(ph_str given) {
    return {given.p, given.n};
}

std::vector<std::string> texts(const ph_str* given, std::size_t count) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(text(given[i]));
    return all;
}

std::vector<std::string> command_of(const ph_process& process, ProcessRequest::How how) {
    auto arguments = texts(process.arguments, process.argument_count);
    if (how == ProcessRequest::How::exec) return arguments;
    const std::string shell = process.executable.n != 0 ? text(process.executable) : "/bin/sh";
    arguments.insert(arguments.begin(), {shell, "-c"});
    return arguments;
}

}  // namespace

ProcessRequest::ProcessRequest(const ph_process& given, How how) {
    const ph_process process = whole(given);
    const auto has = [&](std::uint32_t flag) { return (process.flags & flag) != 0; };
    plan.command = command_of(process, how);
    plan.executable = text(process.executable);
    plan.environment = texts(process.environment, process.environment_count);
    plan.directory = text(process.directory);
    plan.new_session = has(PH_PROCESS_NEW_SESSION);
    if (has(PH_PROCESS_UMASK)) plan.umask = process.umask;
    for (std::size_t i = 0; i < process.limit_count; ++i) {
        plan.limits.push_back(
            {process.limits[i].resource, process.limits[i].soft, process.limits[i].hard});
    }
    user = text(process.user);
    group = text(process.group);
    groups = texts(process.groups, process.group_count);
    sets_groups = has(PH_PROCESS_GROUPS);
    whole_environment = has(PH_PROCESS_ENV);
    if (has(PH_PROCESS_PTY)) {
        streams.terminal.emplace();
        if (process.rows != 0) streams.terminal->rows = process.rows;
        if (process.columns != 0) streams.terminal->columns = process.columns;
    }
    if ((process.flags & ~known_flags) != 0) {
        problem = base::format("unknown flags {:#x}", process.flags & ~known_flags);
        problem_status = PH_E_UNSUPPORTED;
    } else if (how == How::shell && process.argument_count != 1) {
        problem = "subprocess_shell takes one line";
    }
    read_descriptors(process);
}

void ProcessRequest::read_descriptors(const ph_process& process) {
    using Kind = net::StandardStream::Kind;
    constexpr std::array kinds{
        Kind::pipe, Kind::inherited, Kind::null, Kind::output, Kind::descriptor};
    for (std::size_t i = 0; i < streams.streams.size(); ++i) {
        const ph_stdio& stream = process.stdio[i];
        if (stream.kind >= kinds.size()) {
            problem = base::format("{}: unknown kind {}", standard_names[i], stream.kind);
        } else if (stream.kind == PH_STDIO_STDOUT && i != STDERR_FILENO) {
            problem = base::format("{} cannot go where standard output goes", standard_names[i]);
        } else {
            streams.streams[i].kind = kinds[stream.kind];
            if (stream.kind == PH_STDIO_DESCRIPTOR) {
                streams.streams[i].descriptor = copy(stream.descriptor);
            }
        }
    }
    for (std::size_t i = 0; i < process.descriptor_count; ++i) {
        const auto [number, descriptor] = process.descriptors[i];
        if (number <= STDERR_FILENO) {
            problem = base::format("{} is no number for a further descriptor: above 2", number);
        } else {
            plan.descriptors[number] = copy(descriptor);
        }
    }
}

int ProcessRequest::copy(int descriptor) {
    const int copied = ::fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (copied < 0) {
        problem = base::format("descriptor {}: {}", descriptor, std::strerror(errno));
    } else {
        copies.emplace_back(copied);
    }
    return copied;
}

base::Errors ProcessRequest::resolve() {
    const net::Account* account = &net::own_account();
    base::Result<net::Account> found = net::Account{};
    if (!user.empty()) {
        found = net::find_account(user);
        if (!found) return found.error();
        account = &*found;
        // Who is nobody else already needs no permission for it.
        if (account->user != ::geteuid() || ::geteuid() == 0) {
            plan.user = account->user;
            plan.group = account->group;
            plan.groups = account->groups;
        }
    }
    if (!whole_environment) {
        auto environment = net::clean_environment(*account);
        for (std::string& variable : plan.environment) {
            net::set_variable(environment, std::move(variable));
        }
        plan.environment = std::move(environment);
    }
    return resolve_groups();
}

base::Errors ProcessRequest::resolve_groups() {
    if (!group.empty()) {
        const auto found = net::find_group(group);
        if (!found) return found.error();
        plan.group = *found;
    }
    if (!sets_groups) return {};
    plan.groups.emplace();
    for (const std::string& name : groups) {
        const auto found = net::find_group(name);
        if (!found) return found.error();
        plan.groups->push_back(*found);
    }
    return {};
}

}  // namespace protohost::unit
