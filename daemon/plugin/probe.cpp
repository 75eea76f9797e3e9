// SPDX-License-Identifier: MIT
#include "daemon/plugin/probe.hpp"

#include <csignal>
#include <cstring>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/model/quantity.hpp"
#include "daemon/model/value.hpp"
#include "daemon/plugin/probe_message.hpp"
#include "daemon/plugin/probe_process.hpp"

namespace protohost::plugin {
namespace {

std::string signal_name(int signal) {
    const char* const name = ::sigabbrev_np(signal);
    return name != nullptr ? base::format("SIG{}", name) : base::format("signal {}", signal);
}

/// What there is to say of a probe that did not come to its end.
base::Error verdict(const std::string& source,
                    const std::string& step,
                    const ProbeEnd& end,
                    std::chrono::milliseconds limit) {
    std::string hint;
    if (!end.last_words.empty()) hint = "its last words: " + model::quote(end.last_words);
    if (end.timed_out) {
        return {
            source,
            base::format(
                "hangs in {}: its probe was killed after {}", step, model::format_duration(limit)),
            hint};
    }
    if (end.signal == SIGKILL) {
        return {source,
                base::format("its probe was killed by SIGKILL in {}", step),
                "by hand, or because memory ran out; try again"};
    }
    if (end.signal != 0) {
        return {source,
                base::format(
                    "crashes in {}: its probe was killed by {}", step, signal_name(end.signal)),
                hint};
    }
    return {source,
            base::format("ends its process in {}, with exit code {}", step, end.exit_code),
            hint};
}

}  // namespace

base::Result<ProbeReport> probe(const ProbeRequest& request, const ProbeSettings& settings) {
    const auto started = std::chrono::steady_clock::now();
    const std::string& source = request.staged.source;
    const auto end =
        run_probe_process(source, settings.program, encode(request), settings.limit, settings.stop);
    if (!end) return end.error();
    if (end->unwanted) return base::failure(source, "was not tried to its end");

    ProbeReport report;
    base::Errors failures;
    std::string step = "the daemon's own code";
    bool done = false;
    for (ProbeEvent& event : decode_events(end->output)) {
        switch (event.kind) {
            case ProbeEvent::Kind::step:
                step = std::move(event.error.what);
                break;
            case ProbeEvent::Kind::failure:
                failures.push_back(std::move(event.error));
                break;
            case ProbeEvent::Kind::warning:
                report.warnings.push_back(std::move(event.error));
                break;
            case ProbeEvent::Kind::done:
                done = true;
                break;
        }
    }
    if (!done) failures.push_back(verdict(source, step, *end, settings.limit));
    if (!failures.empty()) return failures;
    report.took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - started);
    return report;
}

}  // namespace protohost::plugin
