// SPDX-License-Identifier: MIT
#include "daemon/supervisor/installation.hpp"

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "daemon/base/version.hpp"
#include "daemon/net/account.hpp"

namespace protohost::supervisor {

namespace {

/// The variable, or nothing: the base directory specification asks to ignore relative paths.
std::string directory_from(const char* variable) {
    const char* value = std::getenv(variable);
    return value != nullptr && value[0] == '/' ? value : "";
}

std::string home() {
    if (std::string home = directory_from("HOME"); !home.empty()) return home;
    return net::own_account().home;
}

/// What a service manager made for this service: the first, where it made several.
std::string made_by_service_manager(const char* variable) {
    const std::string folders = directory_from(variable);
    return folders.substr(0, folders.find(':'));
}

std::string state_directory() {
    if (std::string made = made_by_service_manager("STATE_DIRECTORY"); !made.empty()) return made;
    if (::geteuid() == 0) return "/var/lib/protohost";
    if (const std::string state = directory_from("XDG_STATE_HOME"); !state.empty()) {
        return state + "/protohost";
    }
    return home() + "/.local/state/protohost";
}

std::string control_socket() {
    if (const std::string made = made_by_service_manager("RUNTIME_DIRECTORY"); !made.empty()) {
        return made + "/control.sock";
    }
    if (::geteuid() == 0) return std::string(service_control_socket);
    if (const std::string runtime = directory_from("XDG_RUNTIME_DIR"); !runtime.empty()) {
        return runtime + "/protohost/control.sock";
    }
    return state_directory() + "/control.sock";
}

}  // namespace

Installation find_installation() {
    Installation found{
        "/etc/protohost/protohost.yaml",
        {"/usr/lib/" + std::string(base::library_architecture) + "/protohost/plugins",
         "/usr/local/lib/protohost/plugins"},
        state_directory(),
        control_socket(),
        {}};
    std::error_code error;
    const auto binary = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return found;

    const auto folder = binary.parent_path();
    std::string own = (folder / base::plugins_from_binary).lexically_normal().string();
    if (std::filesystem::exists(folder.parent_path() / "CMakeCache.txt", error)) {
        own = (folder.parent_path() / "plugins").string();
        struct stat status {};
        if (::stat(binary.c_str(), &status) == 0) found.trusted_owners.push_back(status.st_uid);
    }
    std::erase(found.plugin_directories, own);
    found.plugin_directories.insert(found.plugin_directories.begin(), std::move(own));
    return found;
}

}  // namespace protohost::supervisor
