// SPDX-License-Identifier: MIT
#include "daemon/plugin/probe_message.hpp"

#include <random>

#include <gtest/gtest.h>

#include "tests/daemon/plugin/nodes.hpp"

namespace protohost::plugin {
namespace {

ProbeRequest example() {
    ProbeRequest request;
    request.staged.source = "/usr/lib/x.so";
    request.staged.path = "/nowhere/x.g3.so";
    request.staged.generation = 3;
    request.staged.identity.name = "x";
    request.staged.identity.version = "1.2";
    request.staged.identity.flags = 2;
    request.bindings.push_back(
        {"listener a",
         "web.yaml:1:2: listeners.a",
         "x",
         testing::options(
             {{"names",
               testing::list({testing::scalar("12", true), testing::scalar("a\n:\0b", false)})}})});
    request.bindings.push_back({"endpoint b", "", "", {}, PH_DATAGRAM});
    return request;
}

TEST(ProbeMessage, CarriesARequest) {
    const auto request = decode_request(encode(example()));
    ASSERT_TRUE(request);
    EXPECT_EQ(request->staged.source, "/usr/lib/x.so");
    EXPECT_EQ(request->staged.path, "/nowhere/x.g3.so");
    EXPECT_EQ(request->staged.generation, 3U);
    EXPECT_EQ(request->staged.identity, example().staged.identity);
    ASSERT_EQ(request->bindings.size(), 2U);
    const ProbeRequest::Binding& binding = request->bindings[0];
    const ProbeRequest::Binding before = example().bindings[0];
    EXPECT_EQ(binding.title, "listener a");
    EXPECT_EQ(binding.where, before.where);
    EXPECT_EQ(binding.factory, "x");
    EXPECT_EQ(binding.options, before.options);
    // Not compared by ==.
    const model::Member& member = binding.options.members[0];
    EXPECT_EQ(model::to_string(member.key_place), "web.yaml:11:7");
    EXPECT_EQ(model::to_string(member.value.items[1].place), "web.yaml:11:22");
    EXPECT_EQ(member.value.items[1].path, "listeners.web.options.names[1]");
    EXPECT_EQ(binding.kind, PH_STREAM);
    EXPECT_EQ(request->bindings[1].options, model::Node());
    EXPECT_EQ(request->bindings[1].kind, PH_DATAGRAM);
}

TEST(ProbeMessage, CarriesEvents) {
    const std::string text = encode({ProbeEvent::Kind::step, {"", "load", ""}}) +
                             encode({ProbeEvent::Kind::failure, {"a:1", "b", "c\nd"}}) +
                             encode({ProbeEvent::Kind::done, {}});
    const auto events = decode_events(text);
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(events[0].kind, ProbeEvent::Kind::step);
    EXPECT_EQ(events[0].error.what, "load");
    EXPECT_EQ(events[1].kind, ProbeEvent::Kind::failure);
    EXPECT_EQ(events[1].error, (base::Error{"a:1", "b", "c\nd"}));
    EXPECT_EQ(events[2].kind, ProbeEvent::Kind::done);
}

TEST(ProbeMessage, MayBreakOffAnywhere) {
    const std::string request = encode(example());
    for (std::size_t length = 0; length < request.size(); ++length) {
        ASSERT_FALSE(decode_request(request.substr(0, length))) << length;
    }
    EXPECT_FALSE(decode_request(request + "0"));
    const std::string event = encode({ProbeEvent::Kind::step, {"", "load", ""}});
    for (std::size_t length = 0; length < event.size(); ++length) {
        ASSERT_EQ(decode_events(event + event.substr(0, length)).size(), 1U) << length;
    }
}

TEST(ProbeMessage, SurvivesNonsense) {
    const std::string request = encode(example());
    std::mt19937 random(5);
    for (int round = 0; round < 20000; ++round) {
        std::string text = request;
        for (int changes = 0; changes < 1 + round % 3; ++changes) {
            text[random() % text.size()] = "0123456789:x"[random() % 12];
        }
        (void)decode_request(text);
        (void)decode_events(text);
    }
}

}  // namespace
}  // namespace protohost::plugin
