// SPDX-License-Identifier: MIT
#include "daemon/net/program_search.hpp"

#include <cstddef>

namespace protohost::net {

std::string_view variable_in(const std::vector<std::string>& environment, std::string_view name) {
    for (const std::string_view variable : environment) {
        if (variable.starts_with(name) && variable.substr(name.size()).starts_with('=')) {
            return variable.substr(name.size() + 1);
        }
    }
    return {};
}

std::vector<std::string> program_candidates(const std::string& name,
                                            const std::vector<std::string>& environment) {
    if (name.find('/') != std::string::npos) return {name};
    std::string_view path = variable_in(environment, "PATH");
    if (path.empty()) path = "/bin:/usr/bin";
    std::vector<std::string> candidates;
    for (std::size_t colon = 0; colon != std::string_view::npos;) {
        colon = path.find(':');
        std::string candidate(path.substr(0, colon));
        if (!candidate.empty()) candidate += '/';  // an empty one is the working directory
        candidates.push_back(candidate + name);
        if (colon != std::string_view::npos) path.remove_prefix(colon + 1);
    }
    return candidates;
}

}  // namespace protohost::net
