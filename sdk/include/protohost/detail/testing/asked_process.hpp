// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <protohost/abi.h>
#include <protohost/detail/context.hpp>
#include <protohost/process.hpp>

namespace protohost::detail::testing {

/// A program that the code under test wants to start: a ph_process, as an author would write it.
struct AskedProcess {
    std::vector<std::string> args;
    SubprocessOptions options;
    std::uint32_t flags = 0;

    explicit AskedProcess(const ph_process& given) {
        ph_process process{};
        std::memcpy(&process, &given, std::min<std::size_t>(given.size, sizeof process));
        flags = process.flags;
        const auto has = [&](std::uint32_t flag) { return (flags & flag) != 0; };
        args = texts(process.arguments, process.argument_count);
        SubprocessOptions::Variables variables;
        for (const auto& text : texts(process.environment, process.environment_count)) {
            const auto equals = std::min(text.find('='), text.size());
            variables[text.substr(0, equals)] = text.substr(std::min(equals + 1, text.size()));
        }
        if (has(PH_PROCESS_ENV)) {
            options.env = variables;
        } else {
            options.environment = variables;
        }
        options.in = Stdio::from_abi(process.stdio[0]);
        options.out = Stdio::from_abi(process.stdio[1]);
        options.err = Stdio::from_abi(process.stdio[2]);
        options.cwd = from_abi(process.directory);
        options.start_new_session = has(PH_PROCESS_NEW_SESSION);
        if (has(PH_PROCESS_PTY)) options.pty = TerminalSize{process.rows, process.columns};
        for (std::size_t i = 0; i < process.descriptor_count; ++i) {
            options.pass_fds[process.descriptors[i].number] = process.descriptors[i].descriptor;
        }
        options.executable = from_abi(process.executable);
        options.user = from_abi(process.user);
        options.group = from_abi(process.group);
        if (has(PH_PROCESS_GROUPS)) {
            options.extra_groups = texts(process.groups, process.group_count);
        }
        if (has(PH_PROCESS_UMASK)) options.umask = process.umask;
        for (std::size_t i = 0; i < process.limit_count; ++i) {
            const ph_limit& limit = process.limits[i];
            options.limits.push_back({limit.resource, limit.soft, limit.hard});
        }
    }

    /// What the daemon refuses before it starts anything, or empty.
    std::string complaint(std::string_view method) const {
        if (args.empty() || (args.front().empty() && options.executable.empty())) {
            return "no program was named";
        }
        if (method == "subprocess_shell" && args.size() != 1) return "the shell takes one line";
        for (const Stdio* stream : {&options.in, &options.out, &options.err}) {
            const auto [kind, descriptor] = stream->to_abi();
            if (kind > PH_STDIO_DESCRIPTOR) return "an unknown kind of standard stream";
            if (kind == PH_STDIO_STDOUT && stream != &options.err) {
                return "only standard error goes where standard output goes";
            }
            if (kind == PH_STDIO_DESCRIPTOR && !is_open(descriptor)) return "no such descriptor";
        }
        for (const auto& [number, descriptor] : options.pass_fds) {
            if (number <= 2) return "a further descriptor is above 2";
            if (!is_open(descriptor)) return "no such descriptor";
        }
        const auto& variables = options.env ? *options.env : options.environment;
        return variables.contains("") ? "a variable without a name" : "";
    }

    /// Which of its descriptors are pipes.
    std::set<int> pipes() const {
        std::set<int> all;
        const auto add = [&](int fd, const Stdio& stream) {
            if (stream.to_abi().kind == PH_STDIO_PIPE) all.insert(fd);
        };
        add(0, options.in);
        add(1, options.out);
        if (!options.pty) add(2, options.err);
        return all;
    }

private:
    static std::vector<std::string> texts(const ph_str* given, std::size_t count) {
        std::vector<std::string> all;
        for (std::size_t i = 0; i < count; ++i) all.emplace_back(from_abi(given[i]));
        return all;
    }
    static bool is_open(int descriptor) { return ::fcntl(descriptor, F_GETFD) >= 0; }
};

}  // namespace protohost::detail::testing
