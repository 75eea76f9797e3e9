// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace protohost::harness {

/// The command that runs a program of tests/system/peers with the distribution's Python.
std::vector<std::string> python(const std::string& name, const std::vector<std::string>& arguments);

/// Runs a program that must succeed; returns what it says.
std::string output_of(const std::vector<std::string>& command, std::string_view input = {});

/// For a program that goes on after the conversation: gives it `input`, waits for a line of its
/// output that contains `answer`, and ends it.
void expect_answer(const std::vector<std::string>& command,
                   std::string_view input,
                   std::string_view answer);

}  // namespace protohost::harness
