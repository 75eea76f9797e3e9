// SPDX-License-Identifier: MIT
#include "tests/system/harness/peers.hpp"

#include <csignal>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/system/harness/child.hpp"
#include "tests/system/harness/log_lines.hpp"

namespace protohost::harness {

std::vector<std::string> python(const std::string& name,
                                const std::vector<std::string>& arguments) {
    std::vector<std::string> command = {"/usr/bin/python3",
                                        PROTOHOST_SOURCE_DIR "/tests/system/peers/" + name};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
}

std::string output_of(const std::vector<std::string>& command, std::string_view input) {
    Finished finished = run(command, input);
    EXPECT_EQ(finished.code, 0) << command[0] << ": " << finished.errors;
    return std::move(finished.output);
}

void expect_answer(const std::vector<std::string>& command,
                   std::string_view input,
                   std::string_view answer) {
    Child child(command);
    const base::Descriptor to = child.take_input();
    const LogLines answers(child.take_output());
    if (!input.empty()) {
        EXPECT_EQ(::write(to.get(), input.data(), input.size()), std::ssize(input));
    }
    answers.wait_for(answer);
    child.signal(SIGTERM);
    child.wait();
}

}  // namespace protohost::harness
