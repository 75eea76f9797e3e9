// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "daemon/base/descriptor.hpp"

namespace protohost::harness {

/// A program, started with pipes at its standard streams. Still running at the end, it is killed.
class Child {
public:
    /// `command[0]` is searched in PATH. Copies of `passed` are its descriptors from 3 on.
    explicit Child(const std::vector<std::string>& command, const std::vector<int>& passed = {});
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    pid_t pid() const { return pid_; }
    bool running() const { return pid_ > 0 && !code_; }
    void signal(int number) const;

    /// The exit code, or 128 and the number of the signal, as a shell says it. Fails the test when
    /// it does not come.
    int wait();

    base::Descriptor take_input() { return std::move(input_); }
    base::Descriptor take_output() { return std::move(output_); }
    base::Descriptor take_errors() { return std::move(errors_); }

private:
    base::Descriptor input_;
    base::Descriptor output_;
    base::Descriptor errors_;
    base::Descriptor process_;
    pid_t pid_ = -1;
    std::optional<int> code_;
};

struct Finished {
    int code;
    std::string output;
    std::string errors;
};

/// Runs a program to its end.
Finished run(const std::vector<std::string>& command,
             std::string_view input = {},
             const std::vector<int>& passed = {});

/// All that comes until the end.
std::string read_all(const base::Descriptor& from);

}  // namespace protohost::harness
