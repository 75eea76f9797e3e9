// SPDX-License-Identifier: MIT
#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "daemon/plugin/library.hpp"
#include "daemon/unit/generations.hpp"
#include "daemon/unit/host.hpp"
#include "tests/daemon/plugin/guest_files.hpp"
#include "tests/system/harness/figures.hpp"
#include "tests/system/harness/scale.hpp"

namespace protohost::harness {
namespace {

std::size_t mappings() {
    std::ifstream maps("/proc/self/maps");
    return static_cast<std::size_t>(
        std::count(std::istreambuf_iterator<char>(maps), std::istreambuf_iterator<char>(), '\n'));
}

/// One plugin that is replaced again and again, with nothing else in the process.
class GenerationCycles : public ::testing::Test {
protected:
    /// Each is loaded while the one before is still held, as in a reload.
    void cycle(std::size_t times) {
        for (std::size_t i = 0; i < times; ++i) {
            auto next = generations_.load(staging_->stage(source_).value());
            ASSERT_TRUE(next) << plugin::testing::text(next);
            generations_.set_active({*next});
            current_ = std::move(*next);
            loop_.run_ready();
        }
    }
    std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(staging_->path()), {}));
    }

    net::Loop loop_;
    unit::Host host_;
    plugin::testing::TemporaryFolder folder_;
    std::unique_ptr<plugin::StagingDirectory> staging_ =
        plugin::StagingDirectory::create(folder_ / "state").value();
    std::string source_ = plugin::testing::put_guest(folder_, "good");
    unit::Generations generations_{loop_, host_.table()};
    std::shared_ptr<unit::Generation> current_;
};

TEST_F(GenerationCycles, LeaveNothingBehindWhereCodeIsUnmapped) {
    base::LogSettings quiet;
    quiet.level = base::Level::warn;
    base::configure_logging(quiet);
    const std::size_t cycles = scaled("cycles of load and retire", 1'000, 100);
    generations_.set_unmapped({"good"});
    cycle(50);
    const std::size_t descriptors = open_descriptors(::getpid());
    const std::size_t memory = resident_memory(::getpid());
    const std::size_t maps = mappings();
    cycle(cycles);
    EXPECT_EQ(open_descriptors(::getpid()), descriptors);
    if (plugin::is_sanitized()) return;
    std::cout << "memory: " << memory / 1024 << " KiB, then " << resident_memory(::getpid()) / 1024
              << " KiB; mappings: " << maps << ", then " << mappings() << '\n';
    EXPECT_LE(resident_memory(::getpid()), memory + (std::size_t{1} << 20));
    EXPECT_LE(mappings(), maps + 2);
    EXPECT_EQ(files(), 2U) << "the lock, and the copy that is mapped";
    EXPECT_LE(generations_.list().size(), 20U);
}

TEST_F(GenerationCycles, CostWhatTheirCodeOccupiesWhereItStaysMapped) {
    base::LogSettings quiet;
    quiet.level = base::Level::warn;
    base::configure_logging(quiet);
    const std::size_t cycles = scaled("generations that stay mapped", 300, 50);
    cycle(50);
    const std::size_t descriptors = open_descriptors(::getpid());
    const std::size_t memory = resident_memory(::getpid());
    cycle(cycles);
    EXPECT_EQ(open_descriptors(::getpid()), descriptors);
    const auto list = generations_.list();
    ASSERT_EQ(list.size(), cycles + 50);
    if (plugin::is_sanitized()) return;
    const std::size_t each = (resident_memory(::getpid()) - memory) / cycles;
    std::cout << each << " bytes for each, of " << list.back().mapped_bytes << " mapped\n";
    // What the loader and the daemon remember of it comes on top.
    EXPECT_LE(each, list.back().mapped_bytes + 16 * 1024);
}

}  // namespace
}  // namespace protohost::harness
