// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/contract/datagram_world.hpp"

namespace protohost::contract {

using protohost::testing::Loss;
using protohost::testing::WriteBuffer;
using Strings = std::vector<std::string>;

/// What happened to a datagram protocol, and what it is to do on each callback. Outlives it.
struct DatagramStory {
    /// "made", "data", "error", "pause", "resume", "drain", "lost", "destroyed".
    Strings events;
    Strings received;
    std::vector<Address> senders;
    std::vector<int> errors;
    std::vector<Address> destinations;
    DatagramTransport transport;
    std::optional<Loss> loss;

    /// Called with each event; what it throws, the callback throws.
    std::function<void(std::string_view event)> on;
    bool keep_open_at_drain = false;

    std::size_t count(std::string_view event) const {
        return static_cast<std::size_t>(std::count(events.begin(), events.end(), event));
    }
    bool is_over() const { return count("destroyed") != 0; }
    void happened(std::string_view event) {
        events.emplace_back(event);
        if (on) on(event);
    }
};

class DatagramRecorder final : public DatagramProtocol {
public:
    explicit DatagramRecorder(DatagramStory& story) : story_(story) {}
    ~DatagramRecorder() override { story_.events.emplace_back("destroyed"); }

    void connection_made(DatagramTransport transport) override {
        story_.transport = transport;
        story_.happened("made");
    }
    void datagram_received(Bytes data, const Address& addr) override {
        story_.received.emplace_back(as_text(data));
        story_.senders.push_back(addr);
        story_.happened("data");
    }
    void error_received(const Error& exc, const Address& destination) override {
        story_.errors.push_back(exc.os_errno);
        story_.destinations.push_back(destination);
        story_.happened("error");
    }
    void connection_lost(const Error* exc) override {
        story_.loss =
            exc == nullptr ? Loss{} : Loss{exc->status, exc->os_errno, std::string(exc->message)};
        story_.happened("lost");
    }
    void pause_writing() override { story_.happened("pause"); }
    void resume_writing() override { story_.happened("resume"); }
    bool drain_requested(TimePoint) override {
        story_.happened("drain");
        return story_.keep_open_at_drain;
    }

private:
    DatagramStory& story_;
};

/// One statement in one world, with one endpoint.
class DatagramTest : public ::testing::TestWithParam<DatagramKind> {
protected:
    DatagramLink& bind(const WriteBuffer& limits = {}) {
        return world->bind(std::make_unique<DatagramRecorder>(story), limits);
    }
    DatagramLink& connect(const WriteBuffer& limits = {}) {
        return world->connect(std::make_unique<DatagramRecorder>(story), limits);
    }
    void on(std::string_view event, std::function<void()> what) {
        story.on = [event = std::string(event), what = std::move(what)](std::string_view happened) {
            if (happened == event) what();
        };
    }
    DatagramTransport& transport() { return story.transport; }
    void run_until(const std::function<bool()>& done) { world->run_until(done); }
    void run_to_the_end() {
        run_until([this] { return story.is_over(); });
    }
    /// What the peer receives until there are `count` of them, and what came with them.
    Strings receive(DatagramLink& link, std::size_t count) {
        Strings all;
        run_until([&] {
            const Strings some = link.receive();
            all.insert(all.end(), some.begin(), some.end());
            return all.size() >= count;
        });
        return all;
    }

    DatagramStory story;  // outlives the protocols, which go with the world
    std::unique_ptr<DatagramWorld> world = GetParam().make();
};

/// What holds for every datagram transport.
class DatagramContract : public DatagramTest {};
/// Where the kernel may refuse a datagram for a while. UDP's never does on one machine.
class DatagramFlowContract : public DatagramTest {};

}  // namespace protohost::contract
