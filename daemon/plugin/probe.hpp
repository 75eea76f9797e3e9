// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/node.hpp"
#include "daemon/plugin/staging.hpp"

#include <protohost/abi.h>

namespace protohost::plugin {

/// A staged copy, and every definition that is to use it.
struct ProbeRequest {
    struct Binding {
        std::string title;    ///< "listener echo"
        std::string where;    ///< of the definition's `protocol`, as errors have it
        std::string factory;  ///< as the definition names it; empty: the only one
        model::Node options;
        std::uint32_t kind = PH_STREAM;  ///< of the protocols that the definition needs
    };

    StagedPlugin staged;
    std::vector<Binding> bindings;
};

struct ProbeSettings {
    /// For all that the plugin does; then the probe is killed.
    std::chrono::milliseconds limit = std::chrono::seconds(10);
    /// What is run with `--probe`: the daemon itself, also where its file was replaced meanwhile.
    std::string program = "/proc/self/exe";
    /// Readable where nobody waits for the answer any more; -1: never.
    int stop = -1;
};

struct ProbeReport {
    std::chrono::milliseconds took{0};
    /// What is no reason to refuse it, but ought to be mended.
    base::Errors warnings;
};

/// Tries the plugin in a process of its own, where a crash, a hang, an exit or a started thread is
/// an error with a text and no outage: maps the copy, calls entry, load, configure for each
/// binding, release, quiesce and unload. Also every error that the daemon would find itself on this
/// way, in the same words.
///
/// [any] Blocks until the process is gone, so not on the loop. Any number at once.
base::Result<ProbeReport> probe(const ProbeRequest& request, const ProbeSettings& settings = {});

}  // namespace protohost::plugin
