// SPDX-License-Identifier: MIT
#include "tests/system/harness/daemon.hpp"

#include <cstdlib>
#include <iostream>

#include <gtest/gtest.h>

namespace protohost::harness {

std::string daemon_program() {
    return PROTOHOST_BUILD_DIR "/bin/protohostd";
}

std::string test_plugins() {
    return PROTOHOST_BUILD_DIR "/tests/system/plugins";
}

std::string control_socket(const ScratchFolder& folder) {
    return (folder.path() / "control.sock").string();
}

std::string write_configuration(const ScratchFolder& folder, const DaemonSetup& setup) {
    const std::string state =
        setup.state_directory.empty() ? (folder.path() / "state").string() : setup.state_directory;
    std::string text = "plugins: {directories: [" + setup.plugins + "]" + setup.plugin_settings +
                       "}\nlog: " + setup.log + "\nstate: {directory: " + state + "}\n";
    if (!setup.listeners.empty()) text += "listeners:\n" + setup.listeners;
    if (!setup.endpoints.empty()) text += "endpoints:\n" + setup.endpoints;
    text += setup.sections;
    if (!text.ends_with('\n')) text += '\n';
    // Last, so that the tests' own lines are where they count them.
    text += "control: {socket: " + control_socket(folder) + setup.control + "}\n";
    return folder.write("protohost.yaml", text);
}

std::string listener(std::string_view name, std::string_view protocol, std::string_view more) {
    return "  " + std::string(name) +
           ": {listen: \"tcp://127.0.0.1:0\", protocol: " + std::string(protocol) +
           std::string(more) + "}\n";
}

Daemon::Daemon(const DaemonSetup& setup)
    : state_directory_(setup.state_directory.empty() ? (folder_.path() / "state").string()
                                                     : setup.state_directory),
      configuration_(write_configuration(folder_, setup)) {
    std::vector<std::string> command = setup.wrapper;
    command.insert(command.end(), {daemon_program(), "--config", configuration_});
    command.insert(command.end(), setup.arguments.begin(), setup.arguments.end());
    child_.emplace(command, setup.passed);
    log_.emplace(child_->take_errors());
    if (!setup.awaited.empty()) log_->wait_for(setup.awaited);
}

Daemon::~Daemon() {
    if (running()) {
        EXPECT_EQ(stop(), 0);
    }
    if (testing::Test::HasFailure()) std::cout << "the daemon said:\n" << log_->all();
}

std::uint16_t Daemon::port(std::string_view name) const {
    const std::string_view before = "://127.0.0.1:";
    for (const std::string& line : log_->with(" " + std::string(name) + ": ")) {
        const std::size_t at = line.find(before);
        if (at == std::string::npos) continue;
        const char* const port = line.c_str() + at + before.size();
        return static_cast<std::uint16_t>(std::strtoul(port, nullptr, 10));
    }
    ADD_FAILURE() << name << " serves on no port of 127.0.0.1";
    return 0;
}

int Daemon::wait() {
    const int code = child_->wait();
    log_->wait_for_end();
    return code;
}

int Daemon::stop(int signal_number) {
    signal(signal_number);
    return wait();
}

}  // namespace protohost::harness
