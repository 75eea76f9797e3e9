// SPDX-License-Identifier: MIT
#include "daemon/net/process_environment.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace protohost::net {

namespace {

/// What systemd gives to services.
constexpr const char* usual_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

}  // namespace

std::vector<std::string> clean_environment(const Account& account) {
    const char* const path = std::getenv("PATH");
    const char* const language = std::getenv("LANG");
    std::vector<std::string> environment;
    environment.push_back(std::string("PATH=") + (path != nullptr ? path : usual_path));
    if (language != nullptr) environment.push_back(std::string("LANG=") + language);
    environment.push_back("HOME=" + account.home);
    if (!account.name.empty()) environment.push_back("USER=" + account.name);
    return environment;
}

void set_variable(std::vector<std::string>& environment, std::string variable) {
    const std::string_view name =
        std::string_view(variable).substr(0, variable.find('=') + 1);  // all of it: without '='
    const auto same =
        std::find_if(environment.begin(), environment.end(), [&](const std::string& other) {
            return other.starts_with(name);
        });
    if (!name.empty() && same != environment.end()) {
        *same = std::move(variable);
    } else {
        environment.push_back(std::move(variable));
    }
}

}  // namespace protohost::net
