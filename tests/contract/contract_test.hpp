// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/contract/story.hpp"
#include "tests/contract/world.hpp"

namespace protohost::contract {

using protohost::testing::WriteBuffer;
using Events = std::vector<std::string>;

/// One statement in one world, with one connection.
class ContractTest : public ::testing::TestWithParam<WorldKind> {
protected:
    Link& connect(const WriteBuffer& limits = {}) {
        return world->connect(std::make_unique<Recorder>(story), limits);
    }
    Link& connect_buffered() {
        return world->connect(std::make_unique<BufferedRecorder>(story), {});
    }
    void on(std::string_view event, std::function<void()> what) {
        story.on = [event = std::string(event), what = std::move(what)](std::string_view happened) {
            if (happened == event) what();
        };
    }
    Transport& transport() { return story.transport; }
    void run_until(const std::function<bool()>& done) { world->run_until(done); }
    void run_to_the_end() {
        run_until([this] { return story.is_over(); });
    }
    /// Lets the peer read until `done`, and returns what it has read.
    std::string read_until(Link& link, const std::function<bool()>& done) {
        std::string read;
        run_until([&] {
            read += link.receive();
            return done();
        });
        return read + link.receive();
    }
    std::string read_to_the_end(Link& link) {
        std::string read = read_until(link, [this] { return story.is_over(); });
        run_until([&] {
            read += link.receive();
            return link.ended();
        });
        return read;
    }

    Story story;  // outlives the protocols, which go with the world
    std::unique_ptr<World> world = GetParam().make();
};

/// What holds for every transport of a stream: its life from connection_made to connection_lost.
class LifeContract : public ContractTest {};
/// Where bytes come in.
class ReadContract : public ContractTest {};
/// Where bytes go out.
class WriteContract : public ContractTest {};
/// Where both directions are one connection.
class StreamContract : public ContractTest {};
/// What only a transport says that has one direction.
class ReadPipeContract : public ContractTest {};
class WritePipeContract : public ContractTest {};

}  // namespace protohost::contract
