// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/net/tls_certificate.hpp"
#include "daemon/supervisor/plan.hpp"
#include "daemon/unit/snapshot.hpp"

// What the daemon says of itself, as plain values: taken on the loop, and then anyone's.

namespace protohost::supervisor {

using SystemTime = std::chrono::system_clock::time_point;

/// Which part of a reload refused: what an operator mends in a file, or what the machine denies.
enum class Refusal { none, configuration, machine };

/// How a reload ended.
enum class Verdict {
    applied,    ///< what changed serves
    unchanged,  ///< nothing differs from what runs
    rejected    ///< nothing was changed; the errors say why
};

/// "applied", as status has it.
std::string_view to_string(Verdict verdict);

/// One reload that is over.
struct ReloadRecord {
    std::uint64_t number = 0;  ///< counts up from 1, the first start
    SystemTime began{};
    std::chrono::nanoseconds took{0};
    /// Of that, what the loop spent in commit.
    std::chrono::nanoseconds commit{0};
    std::string asked_by;  ///< "SIGHUP", "uid 0 (pid 4711)", "start"
    Verdict verdict = Verdict::rejected;
    Refusal refusal = Refusal::none;
    Plan plan;  ///< of a rejected one as far as it came
    base::Errors errors;
};

/// A certificate that is shown to others.
struct CertificateStatus {
    std::string unit;
    net::TlsCertificate facts;
    std::uint64_t generation = 0;  ///< of its unit's context: how often that has been replaced
    /// Why the files are not what is shown; empty: they are.
    std::string problem;
};

/// The loaded plugins, living and retired, are in unit::Generations.
struct Snapshot {
    std::string version;
    std::uint32_t abi_major = 0;
    std::uint32_t abi_minor = 0;
    pid_t pid = 0;
    SystemTime started{};
    std::string state;  ///< "starting", "serving", "reloading", "stopping"
    std::string configuration_file;
    std::uint64_t configuration_generation = 0;  ///< one more with each reload that was applied
    std::string configuration_hash;              ///< sha256 of what was read, hexadecimal
    std::vector<std::string> restart_pending;
    std::vector<ReloadRecord> reloads;  ///< the last ten, the newest first
    std::uint64_t reloads_applied = 0;
    std::uint64_t reloads_unchanged = 0;
    std::uint64_t reloads_rejected = 0;
    std::uint64_t write_buffers_used = 0;
    std::uint64_t write_buffers_limit = 0;
    std::vector<unit::UnitSnapshot> units;
};

}  // namespace protohost::supervisor
