// SPDX-License-Identifier: MIT
#include "daemon/unit/probe_child.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

#include "daemon/base/log.hpp"
#include "daemon/plugin/probe_message.hpp"
#include "daemon/unit/rehearsal.hpp"

namespace protohost::unit {
namespace {

using plugin::ProbeEvent;

std::string read_all(int descriptor) {
    std::string text;
    std::array<char, 16384> buffer;
    while (true) {
        const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

void write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

/// It goes when the daemon goes, leaves no core, and its log is not the daemon's.
void set_apart() {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // Where the daemon was gone before that, nobody else ends what hangs.
    ::alarm(10 * 60);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    base::LogSettings silent;
    silent.level = base::Level::off;
    base::configure_logging(silent);
}

}  // namespace

int run_probe() {
    set_apart();
    auto request = plugin::decode_request(read_all(STDIN_FILENO));
    if (!request) {
        std::fputs("protohostd: --probe is for the daemon itself\n", stderr);
        return 2;
    }
    // What the plugin prints must not be taken for what the probe tells.
    const int told_to = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    ::dup2(STDERR_FILENO, STDOUT_FILENO);
    const auto tell = [&](const ProbeEvent& event) { write_all(told_to, encode(event)); };
    Rehearsal rehearsal(std::move(*request), tell);
    rehearsal.run();
    tell({ProbeEvent::Kind::done, {}});
    // At once: nothing more of the plugin is called, whatever state it is in.
    ::_exit(0);
}

}  // namespace protohost::unit
