// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "tests/system/harness/child.hpp"
#include "tests/system/harness/log_lines.hpp"
#include "tests/system/harness/scratch_folder.hpp"

namespace protohost::harness {

/// Of the build tree that the tests belong to.
std::string daemon_program();

/// Where the plugins of the tests are built.
std::string test_plugins();

/// What a daemon is started with.
struct DaemonSetup {
    /// YAML below `listeners:`, indented by two.
    std::string listeners = {};
    /// YAML below `endpoints:`, indented by two.
    std::string endpoints = {};
    /// Sections as they stand in a file, from the first column.
    std::string sections = {};
    /// The rest of the mapping `control:`, as in ", read: [user]".
    std::string control = {};
    /// YAML below `log:`, in one line.
    std::string log = "{level: info}";
    /// Searched before the plugins of the build tree.
    std::string plugins = test_plugins();
    /// The rest of the mapping `plugins:`, as in ", modules: {echo: {unmap: true}}".
    std::string plugin_settings = {};
    /// The default is the scratch folder's own.
    std::string state_directory = {};
    /// A program that starts the daemon in its place: prlimit, setpriv.
    std::vector<std::string> wrapper = {};
    /// Its descriptors from 3 on.
    std::vector<int> passed = {};
    /// More arguments of the daemon.
    std::vector<std::string> arguments = {};
    /// What it says when it is where the test wants it; empty: it is not waited for.
    std::string awaited = " serves ";
};

/// Where the daemon of that folder is controlled.
std::string control_socket(const ScratchFolder& folder);

/// Writes the configuration of `setup` into `folder`, where its control socket is too; returns its
/// file name.
std::string write_configuration(const ScratchFolder& folder, const DaemonSetup& setup);

/// The YAML of one listener on a free port of 127.0.0.1. `more` is the rest of its mapping, as in
/// ", options: {}".
std::string listener(std::string_view name, std::string_view protocol, std::string_view more = {});

/// A real protohostd that serves. Stopped at the end unless it was before, and then it must exit 0,
/// which also says that the sanitizers found nothing.
class Daemon {
public:
    /// Returns when the daemon says that it serves, or what else is awaited.
    explicit Daemon(const DaemonSetup& setup);
    ~Daemon();
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    /// Of a listener on TCP, or of an endpoint that is bound to a UDP address.
    std::uint16_t port(std::string_view name) const;
    /// Where its sockets, files and plugins may be.
    const ScratchFolder& folder() const { return folder_; }
    std::string control_socket() const { return harness::control_socket(folder_); }
    /// Another configuration in the place of the one that it was started with, for a reload.
    void rewrite(const DaemonSetup& setup) const { write_configuration(folder_, setup); }

    pid_t pid() const { return child_->pid(); }
    const LogLines& log() const { return *log_; }
    const std::string& configuration() const { return configuration_; }
    const std::string& state_directory() const { return state_directory_; }
    bool running() const { return child_->running(); }

    void signal(int number) const { child_->signal(number); }
    /// The exit code, once the process is gone and everything it logged is here.
    int wait();
    int stop(int signal_number = SIGTERM);

private:
    ScratchFolder folder_;
    std::string state_directory_;
    std::string configuration_;
    std::optional<LogLines> log_;  // after child_ is gone, it ends
    std::optional<Child> child_;
};

}  // namespace protohost::harness
