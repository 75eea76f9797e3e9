// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "daemon/config/load.hpp"

namespace protohost::config {

/// What loading `file` has to say, one line for each error; paths as seen from the file's folder.
/// Empty where it loads.
inline std::string messages_of(const std::filesystem::path& file) {
    const auto configuration = load(file);
    std::string text;
    if (configuration) return text;
    const base::Errors errors = configuration.error();
    for (const base::Error& error : errors) text += to_string(error) + '\n';
    const std::string folder = file.parent_path().string() + '/';
    for (std::size_t at = text.find(folder); at != std::string::npos; at = text.find(folder, at)) {
        text.erase(at, folder.size());
    }
    return text;
}

}  // namespace protohost::config
