// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace protohost::model {

/// "SIGTERM"; of a real-time signal its number, "40".
std::string signal_name(int signal);

/// "SIGTERM" or "TERM", in capitals, or the number of any signal.
std::optional<int> parse_signal(std::string_view text);

/// Whether it ends a process that does nothing about it. SIGCONT does not, nor SIGSTOP.
bool ends_a_process(int signal);

/// Of all signals that have one: "SIGHUP", ...
std::vector<std::string> signal_names();

}  // namespace protohost::model
