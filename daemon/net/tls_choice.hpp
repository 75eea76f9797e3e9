// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace protohost::net {

/// What of a certificate decides to whom it is shown.
struct Candidate {
    std::vector<std::string> names;  ///< in lower case
    int key_type = 0;                ///< two of one type cannot be shown side by side
};

/// Indexes of those that are shown side by side, at most one for each type of key: a client takes
/// the one that it can verify.
using SideBySide = std::vector<std::size_t>;

struct CertificateChoice {
    /// For who asks for no name, or for one that nobody bears: the first of all, and those of other
    /// keys that bear a name of it.
    SideBySide otherwise;
    /// "example.net" and "*.example.net". The earlier comes before the later, and a name before a
    /// star.
    std::map<std::string, SideBySide> by_name;

    const SideBySide& of(const std::string& name) const;
};

/// `candidates` in the order of the configuration, at least one.
CertificateChoice choose_certificates(const std::vector<Candidate>& candidates);

}  // namespace protohost::net
