// SPDX-License-Identifier: MIT
#include "daemon/unit/generation.hpp"

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "daemon/unit/host.hpp"
#include "tests/daemon/plugin/guest_files.hpp"

namespace protohost::unit {
namespace {

/// The daemon's own host, but for a log that is kept.
class GenerationTest : public ::testing::Test {
protected:
    GenerationTest() : table_(host_.table()) {
        said().clear();
        table_.log = [](ph_ctx*, std::int32_t, ph_str text) {
            said().emplace_back(text.p, text.n);
        };
    }
    static std::vector<std::string>& said() {
        static std::vector<std::string> lines;
        return lines;
    }
    std::shared_ptr<Generation> load(const std::string& guest) {
        auto staged = staging_->stage(plugin::testing::put_guest(folder_, guest));
        return Generation::load(staged.value(), table_, loop_).value();
    }

    boost::asio::io_context io_{1};
    net::Loop loop_{io_};
    Host host_;
    ph_host table_;
    plugin::testing::TemporaryFolder folder_;
    std::unique_ptr<plugin::StagingDirectory> staging_ =
        plugin::StagingDirectory::create(folder_ / "state").value();
};

TEST_F(GenerationTest, QuiescesBeforeItUnloads) {
    load("good");
    EXPECT_EQ(said(), (std::vector<std::string>{"load", "quiesce", "unload"}));
}

TEST_F(GenerationTest, ThatDoesNotQuiesceIsNeitherUnloadedNorFreed) {
    // Its unload would abort this process.
    load("never_quiesces");
}

}  // namespace
}  // namespace protohost::unit
