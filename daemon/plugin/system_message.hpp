// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <system_error>

namespace protohost::plugin {

/// "permission denied": what the system calls it, in the lower case of our sentences.
inline std::string system_message(const std::error_code& error) {
    std::string text = error.message();
    const bool capital = !text.empty() && text.front() >= 'A' && text.front() <= 'Z';
    if (capital) text.front() = static_cast<char>(text.front() - 'A' + 'a');
    return text;
}

inline std::string system_message(int number) {
    return system_message(std::error_code(number, std::generic_category()));
}

}  // namespace protohost::plugin
