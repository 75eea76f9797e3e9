// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace protohost::config {

inline std::filesystem::path source_folder() {
    return PROTOHOST_SOURCE_DIR;
}

inline std::string text_of(const std::filesystem::path& page) {
    std::ifstream file(page);
    std::ostringstream all;
    all << file.rdbuf();
    return all.str();
}

/// Every block of YAML in a page of the manual.
inline std::vector<std::string> yaml_blocks(const std::filesystem::path& page) {
    const std::string text = text_of(page);
    const std::string fence = "```yaml\n";
    std::vector<std::string> blocks;
    for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at)) {
        at += fence.size();
        blocks.push_back(text.substr(at, text.find("```", at) - at));
    }
    return blocks;
}

/// Those of all pages.
inline std::vector<std::string> manual_blocks() {
    std::vector<std::string> blocks;
    for (const auto& page : std::filesystem::directory_iterator(source_folder() / "docs")) {
        for (std::string& block : yaml_blocks(page.path())) blocks.push_back(std::move(block));
    }
    return blocks;
}

}  // namespace protohost::config
