// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/plugin/probe.hpp"

namespace protohost::plugin {

// What the daemon and its probe, two copies of one program, say to each other over pipes. Nobody
// else reads or writes it, and no two versions of it ever meet.

/// For the probe's standard input.
std::string encode(const ProbeRequest& request);
/// nullopt where the text is not what encode() made. The copy that it names is left alone.
std::optional<ProbeRequest> decode_request(std::string_view text);

/// What the probe tells, one after another, as it happens.
struct ProbeEvent {
    enum class Kind {
        step,     ///< `error.what` is what it does next: "load"
        failure,  ///< a reason to refuse the plugin
        warning,
        done,  ///< it has come to its end; says nothing about failures
    };

    Kind kind = Kind::step;
    base::Error error;
};

std::string encode(const ProbeEvent& event);
/// All that are complete: a probe may die in the middle of one.
std::vector<ProbeEvent> decode_events(std::string_view text);

}  // namespace protohost::plugin
