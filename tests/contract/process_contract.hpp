// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "tests/contract/process_world.hpp"

namespace protohost::contract {

/// One statement in one world, with one program.
class SubprocessContract : public ::testing::TestWithParam<ProcessKind> {
protected:
    Program& start(const ProcessWorld::Settings& settings = {}) {
        return world->start(std::make_unique<ProcessRecorder>(story), settings);
    }
    void on(std::string_view event, std::function<void()> what) {
        story.on = [event = std::string(event), what = std::move(what)](std::string_view happened) {
            if (happened == event) what();
        };
    }
    SubprocessTransport& transport() { return story.transport; }
    void run_until(const std::function<bool()>& done) { world->run_until(done); }
    void run_to_the_end() {
        run_until([this] { return story.is_over(); });
    }

    ProcessStory story;  // outlives the protocols, which go with the world
    std::unique_ptr<ProcessWorld> world = GetParam().make();
};

}  // namespace protohost::contract
