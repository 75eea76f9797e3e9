// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "daemon/plugin/module.hpp"
#include "daemon/plugin/staging.hpp"
#include "tests/daemon/plugin/fake_host.hpp"
#include "tests/daemon/plugin/guest_files.hpp"

namespace protohost::plugin::testing {

/// Stages, opens and loads guests.
class LoadedGuest : public ::testing::Test {
protected:
    std::string path_of(const std::string& name) { return folder_ / (name + ".so"); }

    base::Result<std::shared_ptr<Module>> try_open(const std::string& name) {
        auto staged = staging_->stage(put_guest(folder_, name));
        if (!staged) return staged.error();
        return Module::open(staged.value(), fake_host());
    }

    std::shared_ptr<Module> open(const std::string& name) {
        auto module = try_open(name);
        EXPECT_TRUE(module) << text(module);
        return std::move(module.value());
    }

    std::shared_ptr<Module> load(const std::string& name) {
        auto module = open(name);
        EXPECT_EQ(text(module->load(&context_)), "");
        return module;
    }

    TemporaryFolder folder_;
    std::unique_ptr<StagingDirectory> staging_ =
        StagingDirectory::create(folder_ / "state").value();
    ph_ctx context_;
};

}  // namespace protohost::plugin::testing
