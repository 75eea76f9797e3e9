// SPDX-License-Identifier: MIT
#include "daemon/config/decode_subprocess.hpp"

#include <array>
#include <optional>
#include <string_view>

#include "daemon/base/format.hpp"
#include "daemon/config/decode_pauses.hpp"
#include "daemon/config/decode_process.hpp"
#include "daemon/config/decode_unit.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/kinds.hpp"
#include "daemon/config/read_process.hpp"
#include "daemon/config/words.hpp"

namespace protohost::config {
namespace {

void refuse_keys_of_others(Section& section) {
    section.refuse(keys::listener::listen,
                   "is a key of listeners, and this is a subprocess",
                   "use listeners: {NAME: {listen: ...}}");
    for (const keys::Key& key : {keys::endpoint::connect,
                                 keys::endpoint::bind,
                                 keys::endpoint::read,
                                 keys::endpoint::write}) {
        section.refuse(key,
                       "is a key of endpoints, and this is a subprocess",
                       base::format("use endpoints: {{NAME: {{{}: ...}}}}", key.name));
    }
    section.refuse(
        keys::endpoint::reconnect, "is a key of endpoints", "use backoff, or restart: never");
    section.refuse(keys::unit::socket, "has no effect here: a process is no socket", "remove it");
}

std::chrono::nanoseconds decode_pipes(Section section) {
    std::chrono::nanoseconds pipes{0};
    section.refuse(keys::timeouts::drain, "is not what a process has", "use stop: {timeout: ...}");
    section.read(keys::pipes::pipes, pipes, kinds::timeout_or_none);
    section.finish();
    return pipes;
}

model::ProcessBackoff decode_backoff(Section section, Report& report) {
    model::ProcessBackoff backoff;
    decode_pauses(section,
                  {keys::backoff::initial, keys::backoff::max, keys::backoff::jitter},
                  {backoff.initial, backoff.max, backoff.jitter},
                  report);
    section.read(keys::backoff::reset_after, backoff.reset_after, kinds::timeout_above_zero);
    section.finish();
    return backoff;
}

void decode_stop(Section section, model::SubprocessSpec& spec) {
    spec.timeouts.drain = std::chrono::seconds(10);
    section.read(keys::stop::signal, spec.stop_signal, kinds::stop_signal);
    section.read(keys::stop::timeout, spec.timeouts.drain, kinds::timeout);
    section.finish();
}

model::SubprocessSpec decode_subprocess(Section section,
                                        const model::Member& unit,
                                        Report& report) {
    model::SubprocessSpec spec;
    refuse_keys_of_others(section);
    spec.process = decode_process(section);
    decode_protocol(section, unit, spec, report);
    spec.timeouts.pipes = decode_pipes(section.section(keys::unit::timeouts));
    section.read(keys::subprocess::restart, spec.restart, kinds::word<model::Restart>);
    spec.backoff = decode_backoff(section.section(keys::subprocess::backoff), report);
    spec.ready = decode_readiness(section.section(keys::subprocess::ready), report);
    decode_stop(section.section(keys::subprocess::stop), spec);
    section.read(keys::subprocess::depends_on, spec.depends_on, kinds::dependencies);
    section.read(keys::subprocess::required, spec.required, kinds::boolean);
    section.finish();
    return spec;
}

}  // namespace

std::map<std::string, model::SubprocessSpec> decode_subprocesses(Section section, Report& report) {
    return decode_units(section, decode_subprocess, report);
}

}  // namespace protohost::config
