// SPDX-License-Identifier: MIT
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "ctl/commands.hpp"
#include "ctl/starter.hpp"

// The commands that need no running daemon.

namespace ctl {

namespace {

/// The protohostd that was installed, or built, with this program; else the one of PATH.
std::string daemon_program() {
    std::error_code error;
    const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    for (const auto& candidate : {folder / "protohostd", folder / "../sbin/protohostd"}) {
        if (::access(candidate.c_str(), X_OK) == 0) return candidate.string();
    }
    return "protohostd";
}

/// Becomes it: its words and its exit code are the answer.
int become_daemon(std::vector<std::string> arguments) {
    const std::string program = daemon_program();
    std::vector<char*> words{const_cast<char*>(program.c_str())};
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    ::execvp(program.c_str(), words.data());
    std::cerr << "protohostctl: " << program << ": " << std::strerror(errno) << "\n";
    return exit_refused;
}

}  // namespace

int new_plugin(const Options& options) {
    std::string problem;
    const auto written = write_starter(options.plugin, problem);
    if (!problem.empty()) {
        std::cerr << "protohostctl: " << problem << "\n";
        return exit_refused;
    }
    for (const std::string& path : written) std::cout << path << "\n";
    std::cout << "\ntry it:\n"
              << "  cd " << options.plugin << " && cmake -B build && cmake --build build && "
              << "ctest --test-dir build\n";
    return exit_done;
}

int check_plugin(const Options& options) {
    return become_daemon({"--check-plugin", options.plugin});
}

int check_configuration(const Options& options) {
    if (options.config.empty()) return become_daemon({"--check"});
    return become_daemon({"--check", "--config", options.config});
}

}  // namespace ctl
