// SPDX-License-Identifier: MIT
#include "tests/system/harness/sockets.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>

namespace protohost::harness {

namespace {

using Words = std::vector<std::string>;

/// Of the lines of a table in /proc/net, the inodes of those that are wanted.
std::set<std::uint64_t> inodes(const char* table,
                               std::size_t column,
                               const std::function<bool(const Words&)>& wanted) {
    std::set<std::uint64_t> found;
    std::ifstream file(std::string("/proc/net/") + table);
    std::string line;
    std::getline(file, line);  // the heads
    while (std::getline(file, line)) {
        std::istringstream in(line);
        Words words;
        for (std::string word; in >> word;) words.push_back(word);
        if (words.size() > column && wanted(words)) {
            found.insert(std::strtoull(words[column].c_str(), nullptr, 10));
        }
    }
    return found;
}

std::vector<OpenSocket> open_in(pid_t process, const std::set<std::uint64_t>& wanted) {
    std::vector<OpenSocket> found;
    const auto folder = std::filesystem::path("/proc") / std::to_string(process) / "fd";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::error_code gone;
        const std::string target = std::filesystem::read_symlink(entry, gone).string();
        if (!target.starts_with("socket:[")) continue;
        const auto inode = std::strtoull(target.c_str() + 8, nullptr, 10);
        if (!wanted.contains(inode)) continue;
        found.push_back({std::atoi(entry.path().filename().c_str()), inode});
    }
    return found;
}

bool at_port(const Words& words, std::uint16_t port) {
    const std::string& local = words[1];
    return std::strtoul(local.c_str() + local.find(':') + 1, nullptr, 16) == port;
}

}  // namespace

std::vector<OpenSocket> listening(pid_t process, std::uint16_t port) {
    return open_in(process, inodes("tcp", 9, [&](const Words& words) {
                       return words[3] == "0A" && at_port(words, port);
                   }));
}

std::vector<OpenSocket> bound(pid_t process, std::uint16_t port) {
    return open_in(process,
                   inodes("udp", 9, [&](const Words& words) { return at_port(words, port); }));
}

std::vector<OpenSocket> listening(pid_t process, const std::string& path) {
    // Flags: __SO_ACCEPTCON.
    return open_in(process, inodes("unix", 6, [&](const Words& words) {
                       return words[3] == "00010000" && words.size() > 7 && words[7] == path;
                   }));
}

}  // namespace protohost::harness
