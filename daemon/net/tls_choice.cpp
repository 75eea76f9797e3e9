// SPDX-License-Identifier: MIT
#include "daemon/net/tls_choice.hpp"

#include <algorithm>

#include "daemon/net/tls_certificate.hpp"

namespace protohost::net {

namespace {

using Candidates = std::vector<Candidate>;

void add_unless_taken(SideBySide& chosen, std::size_t index, const Candidates& candidates) {
    const bool taken = std::any_of(chosen.begin(), chosen.end(), [&](std::size_t other) {
        return candidates[other].key_type == candidates[index].key_type;
    });
    if (!taken) chosen.push_back(index);
}

bool bears(const Candidate& candidate, const std::string& name) {
    return std::find(candidate.names.begin(), candidate.names.end(), name) != candidate.names.end();
}

bool answers_to(const Candidate& candidate, const std::string& name) {
    return std::any_of(candidate.names.begin(),
                       candidate.names.end(),
                       [&](const std::string& pattern) { return stands_for(pattern, name); });
}

SideBySide choose_for(const std::string& name, const Candidates& candidates) {
    SideBySide chosen;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (bears(candidates[i], name)) add_unless_taken(chosen, i, candidates);
    }
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (answers_to(candidates[i], name)) add_unless_taken(chosen, i, candidates);
    }
    return chosen;
}

}  // namespace

const SideBySide& CertificateChoice::of(const std::string& name) const {
    auto found = by_name.find(name);
    if (found == by_name.end()) {
        const std::size_t dot = name.find('.');
        if (dot == 0 || dot == std::string::npos) return otherwise;
        found = by_name.find('*' + name.substr(dot));
    }
    return found == by_name.end() ? otherwise : found->second;
}

CertificateChoice choose_certificates(const std::vector<Candidate>& candidates) {
    CertificateChoice choice;
    choice.otherwise.push_back(0);
    for (std::size_t i = 1; i < candidates.size(); ++i) {
        const auto& names = candidates[i].names;
        const bool related = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
            return bears(candidates[0], name);
        });
        if (related) add_unless_taken(choice.otherwise, i, candidates);
    }
    for (const Candidate& candidate : candidates) {
        for (const std::string& name : candidate.names) {
            if (!choice.by_name.contains(name)) {
                choice.by_name.emplace(name, choose_for(name, candidates));
            }
        }
    }
    return choice;
}

}  // namespace protohost::net
