// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <protohost/abi.h>
#include <protohost/detail/context.hpp>
#include <protohost/process.hpp>

namespace protohost::detail {

/// A ph_process, and what it points to. Borrows the arguments.
class ProcessDescription {
public:
    ProcessDescription(std::span<const std::string> arguments, const SubprocessOptions& options)
        : arguments_(to_abi_all(arguments)) {
        for (const auto& [name, value] : options.env ? *options.env : options.environment) {
            variables_.push_back(std::string(name).append("=").append(value));
        }
        environment_ = to_abi_all(variables_);
        if (options.extra_groups) groups_ = to_abi_all(*options.extra_groups);
        for (const auto& [number, descriptor] : options.pass_fds) {
            descriptors_.push_back({number, descriptor});
        }
        for (const auto& [resource, soft, hard] : options.limits) {
            limits_.push_back({resource, 0, soft, hard});
        }
        fill(options);
    }
    ProcessDescription(const ProcessDescription&) = delete;
    ProcessDescription& operator=(const ProcessDescription&) = delete;

    const ph_process* get() const { return &process_; }

private:
    static std::vector<ph_str> to_abi_all(std::span<const std::string> texts) {
        std::vector<ph_str> all;
        for (const std::string& text : texts) all.push_back(to_abi(text));
        return all;
    }

    void fill(const SubprocessOptions& options) {
        const auto flag = [](bool set, std::uint32_t value) { return set ? value : 0U; };
        process_.size = sizeof process_;
        process_.flags = flag(options.env.has_value(), PH_PROCESS_ENV) |
                         flag(options.start_new_session, PH_PROCESS_NEW_SESSION) |
                         flag(options.pty.has_value(), PH_PROCESS_PTY) |
                         flag(options.umask.has_value(), PH_PROCESS_UMASK) |
                         flag(options.extra_groups.has_value(), PH_PROCESS_GROUPS);
        process_.arguments = arguments_.data();
        process_.argument_count = arguments_.size();
        process_.environment = environment_.data();
        process_.environment_count = environment_.size();
        process_.executable = to_abi(options.executable);
        process_.directory = to_abi(options.cwd);
        process_.user = to_abi(options.user);
        process_.group = to_abi(options.group);
        process_.groups = groups_.data();
        process_.group_count = groups_.size();
        process_.descriptors = descriptors_.data();
        process_.descriptor_count = descriptors_.size();
        process_.limits = limits_.data();
        process_.limit_count = limits_.size();
        process_.stdio[0] = options.in.to_abi();
        process_.stdio[1] = options.out.to_abi();
        process_.stdio[2] = options.err.to_abi();
        process_.umask = options.umask.value_or(0);
        if (options.pty) process_.rows = options.pty->rows;
        if (options.pty) process_.columns = options.pty->columns;
    }

    std::vector<ph_str> arguments_;
    std::vector<std::string> variables_;
    std::vector<ph_str> environment_;
    std::vector<ph_str> groups_;
    std::vector<ph_inherited> descriptors_;
    std::vector<ph_limit> limits_;
    ph_process process_{};
};

}  // namespace protohost::detail
