// SPDX-License-Identifier: MIT
#include "daemon/model/signal_names.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>

#include "daemon/model/quantity.hpp"

namespace protohost::model {

std::string signal_name(int signal) {
    const char* const name = ::sigabbrev_np(signal);
    return name != nullptr ? std::string("SIG") + name : std::to_string(signal);
}

std::optional<int> parse_signal(std::string_view text) {
    if (const auto number = parse_integer(text)) {
        if (*number < 1 || *number >= NSIG) return std::nullopt;
        return static_cast<int>(*number);
    }
    for (int signal = 1; signal < NSIG; ++signal) {
        const char* const name = ::sigabbrev_np(signal);
        if (name == nullptr) continue;
        if (text == name || text == std::string("SIG") + name) return signal;
    }
    return std::nullopt;
}

bool ends_a_process(int signal) {
    constexpr std::array others{SIGSTOP, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGCHLD, SIGURG};
    return std::find(others.begin(), others.end(), signal) == others.end();
}

std::vector<std::string> signal_names() {
    std::vector<std::string> names;
    for (int signal = 1; signal < NSIG; ++signal) {
        if (::sigabbrev_np(signal) != nullptr) names.push_back(signal_name(signal));
    }
    return names;
}

}  // namespace protohost::model
