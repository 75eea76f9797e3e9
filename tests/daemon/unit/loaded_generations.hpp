// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/unit/binding.hpp"
#include "daemon/unit/generations.hpp"
#include "daemon/unit/host.hpp"
#include "tests/daemon/plugin/guest_files.hpp"
#include "tests/daemon/plugin/nodes.hpp"

namespace protohost::unit::testing {

using plugin::testing::text;

/// Loads guests by a registry, with the daemon's own host but for a log that is kept.
class LoadedGenerations : public ::testing::Test {
private:
    using Strings = std::vector<std::string>;

    void hear(std::string text) {
        if (listener_) listener_(text);
        const std::lock_guard lock(mutex_);
        said_.push_back(std::move(text));
    }

    // First, for plugins are heard to their very end.
    static inline LoadedGenerations* current_ = nullptr;
    std::mutex mutex_;
    Strings said_;

protected:
    using Said = Strings;

    LoadedGenerations() : table_(host_.table()) {
        current_ = this;
        table_.log = [](ph_ctx*, std::int32_t, ph_str text) { current_->hear({text.p, text.n}); };
        make_generations();
    }

    void make_generations(std::chrono::milliseconds patience = Generations::default_patience) {
        generations_ = std::make_unique<Generations>(loop_, table_, patience);
    }
    plugin::StagedPlugin stage(const std::string& guest) {
        return staging_->stage(plugin::testing::put_guest(folder_, guest)).value();
    }
    std::shared_ptr<Generation> load(const std::string& guest) {
        auto loaded = generations_->load(stage(guest));
        EXPECT_TRUE(loaded) << text(loaded);
        return std::move(loaded.value());
    }
    base::Result<std::shared_ptr<Binding>> bind(const std::shared_ptr<Generation>& generation,
                                                const std::string& title,
                                                const std::string& greeting) {
        return Binding::make(
            generation,
            generation->module()->factories()[0],
            plugin::testing::options({{"greeting", plugin::testing::scalar(greeting, true)}}),
            title);
    }

    /// Runs the loop until `reached` holds.
    void run_until(const std::function<bool()>& reached) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (!reached()) {
            loop_.run_once(deadline);
            ASSERT_LT(std::chrono::steady_clock::now(), deadline);
        }
    }
    void run_what_waits() { loop_.run_ready(); }
    GenerationState state(std::size_t index) const { return generations_->list()[index].state; }

    /// What guests told the log so far.
    Said said() {
        const std::lock_guard lock(mutex_);
        return said_;
    }
    /// Called with what a guest says, on its thread.
    std::function<void(const std::string&)> listener_;

    net::Loop loop_;
    Host host_;
    ph_host table_;
    plugin::testing::TemporaryFolder folder_;
    std::unique_ptr<plugin::StagingDirectory> staging_ =
        plugin::StagingDirectory::create(folder_ / "state").value();
    std::unique_ptr<Generations> generations_;
};

}  // namespace protohost::unit::testing
