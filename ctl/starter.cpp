// SPDX-License-Identifier: MIT
#include "ctl/starter.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

namespace ctl {

namespace {

struct File {
    std::string_view name;
    std::string_view text;
};

constexpr std::array files = std::to_array<File>({
#include "ctl/starter_files.inc"
});

bool is_name(const std::string& name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= 31 && name[0] != '-' && name[0] != '_' &&
           std::all_of(name.begin(), name.end(), allowed);
}

std::string with(std::string text, std::string_view mark, const std::string& value) {
    for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at += value.size()) {
        text.replace(at, mark.size(), value);
    }
    return text;
}

}  // namespace

std::vector<std::string> write_starter(const std::string& name, std::string& problem) {
    namespace fs = std::filesystem;
    if (!is_name(name)) {
        problem =
            "a plugin's name is letters, digits, - and _, at most 31, a letter or digit first";
        return {};
    }
    std::error_code error;
    if (!fs::create_directory(name, error)) {
        problem = error ? name + ": " + error.message() : name + " is there already";
        return {};
    }
    const std::string folder = fs::absolute(name, error).string();
    std::vector<std::string> written;
    for (const File& file : files) {
        // "plugin_test.cpp" becomes "chat_test.cpp".
        const std::string path = name + "/" + with(std::string(file.name), "plugin", name);
        std::ofstream out(path);
        out << with(with(std::string(file.text), "@name@", name), "@folder@", folder);
        if (!out.flush()) {
            problem = path + " cannot be written";
            return {};
        }
        written.push_back(path);
    }
    return written;
}

}  // namespace ctl
