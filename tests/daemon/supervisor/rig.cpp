// SPDX-License-Identifier: MIT
#include "tests/daemon/supervisor/rig.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "daemon/base/format.hpp"
#include "daemon/net/listening_socket.hpp"

namespace protohost::supervisor::testing {

namespace {

Installation installation(const std::string& file, const std::string& folder) {
    return {
        .configuration_file = file,
        .plugin_directories = {PROTOHOST_BUILD_DIR "/tests/guests", PROTOHOST_BUILD_DIR "/plugins"},
        .state_directory = folder + "/state",
        .control_socket = {},
        .trusted_owners = {},
        .probe_program = PROTOHOST_BUILD_DIR "/bin/protohostd"};
}

}  // namespace

Rig::Rig()
    : supervisor_(std::make_unique<Supervisor>(
          unit::Shared{loop_, resolver_, executor_}, file_, installation(file_, folder_.path()))) {
    loop_.set_executor(&executor_);
}

Rig::~Rig() {
    if (!stopping_) stop();
    run_until([&] { return stopped_; });
}

void Rig::stop() {
    stopping_ = true;
    supervisor_->stop([this] { stopped_ = true; });
}

void Rig::write(const std::string& units) const {
    std::ofstream(file_) << "log: {level: warn}\n" << units;
}

void Rig::start(const std::string& units) {
    write(units);
    const ReloadRecord record = supervisor_->start();
    ASSERT_EQ(record.verdict, Verdict::applied);
}

ReloadRecord Rig::reload() {
    ReloadRecord last;
    bool done = false;
    supervisor_->reload("test", [&](const ReloadRecord& record) {
        last = record;
        done = true;
    });
    EXPECT_FALSE(done) << "from inside";
    run_until([&] { return done; });
    return last;
}

ReloadRecord Rig::reload(const std::string& units) {
    write(units);
    return reload();
}

void Rig::run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!done()) {
        loop_.run_once(deadline);
        ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "it never happens";
    }
}

void Rig::run_ready() {
    loop_.run_ready();
}

std::vector<std::string> Rig::everything() {
    run_ready();
    std::vector<std::string> all;
    for (const unit::UnitSnapshot& unit : supervisor_->snapshot().units) {
        std::string text =
            base::format("{} {} {} g{}", unit.name, unit.state, unit.protocol, unit.generation);
        for (const std::string& address : unit.addresses) text += " " + address;
        all.push_back(text);
    }
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const std::string target = std::filesystem::read_symlink(entry, gone).string();
        if (target.starts_with("socket:")) {
            all.push_back(entry.path().filename().string() + " " + target);
        }
    }
    std::sort(all.begin(), all.end());
    return all;
}

std::string free_address() {
    model::Address any{.host = "127.0.0.1", .port = 0};
    const auto opened = net::open_listening(any, {}, "test");
    return opened.value().front().local.uri();
}

std::string listener(std::string_view name, std::string_view address, std::string_view more) {
    return base::format("  {}: {{listen: \"{}\", {}}}\n", name, address, more);
}

}  // namespace protohost::supervisor::testing
