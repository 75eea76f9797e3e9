// SPDX-License-Identifier: MIT
#include "process_options.hpp"

#include <string>

namespace exec {

protohost::SubprocessOptions process_options(const Settings& settings,
                                             const protohost::Transport& client) {
    protohost::SubprocessOptions options;
    options.cwd = settings.directory;
    options.user = settings.user;
    options.group = settings.group;
    options.environment = settings.environment;
    if (settings.errors_to_client) options.err = protohost::Stdio::output();
    const protohost::ExtraInfo remote = client.get_extra_info("peername");
    const protohost::ExtraInfo local = client.get_extra_info("sockname");
    const bool has_port = remote.address().port() != 0;
    options.environment["PROTO"] = has_port ? "TCP" : "UNIX";
    if (has_port) {
        options.environment["REMOTE_HOST"] = remote.address().ip();
        options.environment["REMOTE_ADDR"] = remote.address().ip();
        options.environment["REMOTE_PORT"] = std::to_string(remote.address().port());
        options.environment["SERVER_ADDR"] = local.address().ip();
        options.environment["SERVER_PORT"] = std::to_string(local.address().port());
    }
    return options;
}

}  // namespace exec
