// SPDX-License-Identifier: MIT
#include "daemon/config/decode_process.hpp"

#include <array>
#include <sys/resource.h>

#include "daemon/config/keys.hpp"
#include "daemon/config/kinds.hpp"
#include "daemon/config/read_process.hpp"

namespace protohost::config {
namespace {

struct Limit {
    keys::Key key;
    int resource;
    const Kind<std::uint64_t>& kind;
};

std::vector<model::ProcessLimit> decode_limits(Section section) {
    const std::array all{
        Limit{keys::process_limits::nofile, RLIMIT_NOFILE, kinds::limit_of_things},
        Limit{keys::process_limits::nproc, RLIMIT_NPROC, kinds::limit_of_things},
        Limit{keys::process_limits::core, RLIMIT_CORE, kinds::limit_of_bytes},
        Limit{keys::process_limits::fsize, RLIMIT_FSIZE, kinds::limit_of_bytes},
        Limit{keys::process_limits::data, RLIMIT_DATA, kinds::limit_of_bytes},
        Limit{keys::process_limits::stack, RLIMIT_STACK, kinds::limit_of_bytes},
        Limit{keys::process_limits::address_space, RLIMIT_AS, kinds::limit_of_bytes},
        Limit{keys::process_limits::memlock, RLIMIT_MEMLOCK, kinds::limit_of_bytes},
        Limit{keys::process_limits::cpu, RLIMIT_CPU, kinds::limit_of_seconds},
    };
    std::vector<model::ProcessLimit> limits;
    for (const Limit& limit : all) {
        std::optional<std::uint64_t> value;
        section.read(limit.key, value, limit.kind);
        if (value) {
            const model::Place& place = section.find(limit.key)->place;
            limits.push_back({limit.resource, *value, limit.key, place});
        }
    }
    section.finish();
    return limits;
}

/// One of the two is there, and not the other.
void decode_command(Section& unit, model::ProcessSpec& process) {
    const bool has_command = unit.find(keys::subprocess::command) != nullptr;
    const bool has_shell = unit.find(keys::subprocess::shell) != nullptr;
    if (!has_command && !has_shell) {
        unit.report_missing("one of command and shell is missing",
                            "add command: [PROGRAM, ARGUMENT, ...], or shell: LINE");
        return;
    }
    if (has_command && has_shell) {
        unit.refuse(keys::subprocess::shell,
                    "stands beside command, and one process is started",
                    "remove one of the two");
    }
    if (has_command) {
        unit.read(keys::subprocess::command, process.command, kinds::command);
    } else {
        unit.read(keys::subprocess::shell, process.shell, kinds::shell);
    }
}

}  // namespace

model::ProcessSpec decode_process(Section& unit) {
    model::ProcessSpec process;
    decode_command(unit, process);
    unit.read(keys::subprocess::user, process.user, kinds::located_account);
    unit.read(keys::subprocess::group, process.group, kinds::located_account);
    unit.read(keys::subprocess::environment, process.environment, kinds::environment);
    unit.read(keys::subprocess::directory, process.directory, kinds::path);
    process.limits = decode_limits(unit.section(keys::subprocess::limits));
    unit.read(keys::subprocess::pty, process.pty, kinds::boolean);
    return process;
}

}  // namespace protohost::config
