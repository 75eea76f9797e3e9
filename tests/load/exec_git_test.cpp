// SPDX-License-Identifier: MIT
// git, as many use it, behind the plugin `exec`.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/child.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/figures.hpp"
#include "tests/system/harness/high_water.hpp"
#include "tests/system/harness/scale.hpp"

namespace protohost::harness {
namespace {

std::string git(const std::filesystem::path& folder, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {"git", "-C", folder, "-c", "user.name=a", "-c", "user.email=b"});
    const Finished done = run(arguments);
    EXPECT_EQ(done.code, 0) << done.errors;
    return done.output;
}

/// A repository with so many bytes that nothing can compress.
std::filesystem::path make_repository(std::filesystem::path folder, std::size_t bytes) {
    std::filesystem::create_directories(folder);
    git(folder, {"init", "-q", "-b", "master"});
    std::mt19937_64 random(1);
    constexpr std::size_t files = 50;
    std::vector<std::uint64_t> content(bytes / files / sizeof(std::uint64_t));
    for (std::size_t i = 0; i < files; ++i) {
        std::generate(content.begin(), content.end(), [&] { return random(); });
        std::ofstream file(folder / ("file" + std::to_string(i)), std::ios::binary);
        file.write(reinterpret_cast<const char*>(content.data()),
                   static_cast<std::streamsize>(content.size() * sizeof content.front()));
    }
    git(folder, {"add", "."});
    git(folder, {"commit", "-q", "-m", "all"});
    git(folder, {"gc", "-q"});
    return folder;
}

class ExecGit : public testing::Test {
protected:
    static constexpr std::size_t clients = 20;

    /// Twenty clones at once, each verified; returns how many seconds they took.
    double clone_all() const {
        const auto begin = std::chrono::steady_clock::now();
        std::vector<std::unique_ptr<Child>> clones;
        for (std::size_t i = 0; i < clients; ++i) {
            clones.push_back(std::make_unique<Child>(std::vector<std::string>{
                "git", "clone", "-q", "--bare", address("source"), clone(i)}));
        }
        for (const auto& each : clones) EXPECT_EQ(each->wait(), 0) << read_all(each->take_errors());
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        for (std::size_t i = 0; i < clients; ++i) {
            verify(clone(i));
            std::filesystem::remove_all(clone(i));
        }
        wait_until_quiet();
        return took.count();
    }
    /// It has all that the source has.
    void verify(const std::filesystem::path& repository) const {
        git(repository, {"fsck", "--full", "--strict"});
        EXPECT_EQ(git(repository, {"rev-parse", "master"}), git(source_, {"rev-parse", "master"}));
    }
    void wait_until_quiet() const {
        const Control control(daemon_);
        while (control.show("git")["connections"]["open"] != 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    }
    std::filesystem::path clone(std::size_t i) const {
        return folder_.path() / ("clone" + std::to_string(i));
    }
    std::string address(const std::string& repository) const {
        return "git://127.0.0.1:" + std::to_string(daemon_.port("git")) + "/" + repository;
    }

    const ScratchFolder folder_;
    const std::filesystem::path source_ = make_repository(
        folder_.path() / "source", scaled("bytes of the repository", 50'000'000, 2'000'000));
    Daemon daemon_{{.listeners = listener("git",
                                          "exec",
                                          ", options: {command: [git, daemon, --inetd, "
                                          "--export-all, --enable=receive-pack, '--base-path=" +
                                              folder_.path().string() + "']}")}};
};

TEST_F(ExecGit, ServesTwentyClonesAtOnceInBoundedMemory) {
    const std::size_t descriptors = open_descriptors(daemon_.pid());
    clone_all();
    const std::size_t before = resident_memory(daemon_.pid());
    const auto spent = processor_time(daemon_.pid());
    HighWater water(daemon_.pid());
    const double seconds = clone_all();
    const std::size_t most = water.finish();
    const std::size_t after = resident_memory(daemon_.pid());
    std::cout << clients << " clones in " << seconds
              << " s; the daemon: " << (processor_time(daemon_.pid()) - spent).count()
              << " ms of processor time, " << before / 1024 << " KiB before, " << most / 1024
              << " KiB at most, " << after / 1024 << " KiB after\n";
    // Two are those of the process that watches over programs, which came with the first; and
    // whoever has asked over the control socket may not have been let go yet.
    EXPECT_LE(open_descriptors(daemon_.pid()), descriptors + 3);
    EXPECT_EQ(daemon_.log().count("exited with code"), 0U);
    if (sanitized) return;
    // The high watermark, what one more read brought, and the protocols themselves.
    EXPECT_LE(most, before + clients * (64 + 256 + 16) * 1024);
    // A gigabyte has passed: what is left is how the allocator cuts up what the queues had.
    EXPECT_LE(after, before + std::size_t{1024} * 1024);
}

TEST_F(ExecGit, TakesAPushWhole) {
    const std::filesystem::path target = folder_.path() / "target";
    git(source_, {"init", "-q", "--bare", target});
    git(source_, {"push", "-q", address("target"), "master"});
    verify(target);
    wait_until_quiet();
    EXPECT_EQ(daemon_.log().count("exited with code"), 0U);
}

}  // namespace
}  // namespace protohost::harness
