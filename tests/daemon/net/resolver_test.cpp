// SPDX-License-Identifier: MIT
#include "daemon/net/resolver.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/net/timer.hpp"
#include "tests/daemon/net/rig.hpp"

namespace protohost::net::testing {
namespace {

using Answer = Resolver::Answer;

model::Address host(std::string name, std::uint16_t port = 80) {
    return {.host = std::move(name), .port = port};
}

std::string text(const Answer& answer) {
    if (!answer) return answer.error().front().what;
    std::string all;
    for (const SocketAddress& address : *answer) all += (all.empty() ? "" : " ") + address.text();
    return all;
}

/// A name server that answers nobody until it is told to. Lookups hold it, as they may outlive the
/// test.
class Stalled : public std::enable_shared_from_this<Stalled> {
public:
    static std::shared_ptr<Stalled> make() { return std::make_shared<Stalled>(); }

    Resolver::Lookup lookup() {
        return [self = shared_from_this()](const model::Address& address) -> Answer {
            std::unique_lock lock(self->mutex_);
            self->asked_.push_back(address.host);
            self->changed_.notify_all();
            self->changed_.wait(lock, [&] { return self->open_; });
            return std::vector{*numeric({.host = "127.0.0.9", .port = address.port})};
        };
    }

    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }

    /// Waits until it was asked for so many names, and says which.
    std::vector<std::string> asked(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return asked_.size() >= count; });
        return asked_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> asked_;
    bool open_ = false;
};

TEST(Resolver, WhatIsNoNameIsAnsweredWithoutALookupAndStillLater) {
    Rig rig;
    Resolver resolver(rig.loop, [](const model::Address&) -> Answer {
        ADD_FAILURE() << "nobody need be asked";
        return std::vector<SocketAddress>{};
    });
    std::vector<std::string> answers;
    for (const char* numeric : {"127.0.0.1", "::1", "fe80::1%lo"}) {
        resolver.resolve(host(numeric),
                         [&](const Answer& answer) { answers.push_back(text(answer)); });
    }
    EXPECT_TRUE(answers.empty());
    rig.run_until([&] { return answers.size() == 3; });
    EXPECT_EQ(answers, (std::vector<std::string>{"127.0.0.1:80", "[::1]:80", "[fe80::1%lo]:80"}));
}

TEST(Resolver, AsksTheSystem) {
    Rig rig;
    Resolver resolver(rig.loop);
    std::vector<std::string> answers;
    const auto note = [&](const Answer& answer) { answers.push_back(text(answer)); };
    resolver.resolve(host("localhost"), note);
    rig.run_until([&] { return answers.size() == 1; });
    EXPECT_NE(answers[0].find(":80"), std::string::npos) << answers[0];
    // No label may be as long, so that no name server is asked.
    const std::string impossible(64, 'x');
    resolver.resolve(host(impossible), note);
    rig.run_until([&] { return answers.size() == 2; });
    EXPECT_EQ(answers[1].find("the name \"" + impossible + "\" does not resolve: "), 0u)
        << answers[1];
}

TEST(Resolver, EveryFailureNamesTheName) {
    Rig rig;
    Resolver resolver(rig.loop, [](const model::Address& address) -> Answer {
        if (address.host == "throws") throw std::runtime_error("out of luck");
        return std::vector<SocketAddress>{};
    });
    std::vector<std::string> answers;
    const auto note = [&](const Answer& answer) { answers.push_back(text(answer)); };
    resolver.resolve(host("throws"), note);
    rig.run_until([&] { return answers.size() == 1; });
    resolver.resolve(host("empty"), note);
    rig.run_until([&] { return answers.size() == 2; });
    EXPECT_EQ(answers,
              (std::vector<std::string>{"the name \"throws\" does not resolve: out of luck",
                                        "the name \"empty\" does not resolve: it has no address"}));
}

TEST(Resolver, AStalledOneDoesNotDelayTheLoop) {
    Rig rig;
    const auto server = Stalled::make();
    Resolver resolver(rig.loop, server->lookup());
    bool answered = false;
    resolver.resolve(host("slow"), [&](const Answer&) { answered = true; });
    server->asked(1);

    int ticks = 0;
    Timer timer(rig.loop);
    std::function<void()> tick = [&] {
        if (++ticks < 100) timer.start(std::chrono::nanoseconds(0), [&] { tick(); });
    };
    tick();
    rig.run_until([&] { return ticks == 100; });
    EXPECT_FALSE(answered) << "it hangs still";
    server->open();
    rig.run_until([&] { return answered; });
}

TEST(Resolver, EqualQuestionsShareALookup) {
    Rig rig;
    const auto server = Stalled::make();
    Resolver resolver(rig.loop, server->lookup());
    std::vector<int> answered;
    std::vector<Resolver::Id> ids;
    for (int i = 0; i < 5; ++i) {
        ids.push_back(resolver.resolve(host("same"),
                                       [&answered, i](const Answer&) { answered.push_back(i); }));
    }
    resolver.resolve(host("same", 81), [&](const Answer& answer) {
        EXPECT_EQ(text(answer), "127.0.0.9:81");
        answered.push_back(81);
    });
    server->asked(2);
    resolver.cancel(ids[2]);
    server->open();
    rig.run_until([&] { return answered.size() == 5; });
    EXPECT_TRUE(rig.idle());
    std::sort(answered.begin(), answered.end());
    EXPECT_EQ(answered, (std::vector<int>{0, 1, 3, 4, 81}));
    EXPECT_EQ(server->asked(2).size(), 2u);
}

TEST(Resolver, LooksUpSoManyAtATimeAndTheRestInOrder) {
    Rig rig;
    const auto server = Stalled::make();
    Resolver resolver(rig.loop, server->lookup(), 2);
    unsigned answered = 0;
    std::vector<Resolver::Id> ids;
    for (const char* name : {"a", "b", "c", "d", "e"}) {
        ids.push_back(resolver.resolve(host(name), [&](const Answer&) { ++answered; }));
    }
    EXPECT_EQ(server->asked(2).size(), 2u);
    resolver.cancel(ids[0]);  // under way: its thread stays taken
    resolver.cancel(ids[3]);  // queued: never asked for
    EXPECT_TRUE(rig.idle());
    EXPECT_EQ(server->asked(2).size(), 2u) << "a third would have begun";
    server->open();
    rig.run_until([&] { return answered == 3; });
    auto asked = server->asked(4);
    std::sort(asked.begin(), asked.end());
    EXPECT_EQ(asked, (std::vector<std::string>{"a", "b", "c", "e"}));
}

TEST(Resolver, DoneMayAskCancelAndAskAgain) {
    Rig rig;
    unsigned lookups = 0;
    Resolver resolver(
        rig.loop,
        [&](const model::Address& address) -> Answer {
            ++lookups;  // one thread at a time, and the loop hears of it before the next
            return std::vector{*numeric({.host = "127.0.0.1", .port = address.port})};
        },
        1);
    std::vector<std::string> events;
    Resolver::Id second = 0;
    resolver.resolve(host("again"), [&](const Answer&) {
        events.emplace_back("first");
        resolver.cancel(second);
        resolver.resolve(host("again"), [&](const Answer&) { events.emplace_back("third"); });
        EXPECT_EQ(events.size(), 1u);
    });
    second = resolver.resolve(host("again"), [&](const Answer&) { events.emplace_back("second"); });
    rig.run_until([&] { return events.size() == 2; });
    EXPECT_TRUE(rig.idle());
    EXPECT_EQ(events, (std::vector<std::string>{"first", "third"}));
    EXPECT_EQ(lookups, 2u) << "an answer is not kept";
}

TEST(Resolver, NobodyWaitsForAStalledLookupAtTheEnd) {
    const auto server = Stalled::make();
    bool answered = false;
    {
        Rig rig;
        Resolver resolver(rig.loop, server->lookup(), 1);
        resolver.resolve(host("slow"), [&](const Answer&) { answered = true; });
        resolver.resolve(host("queued"), [&](const Answer&) { answered = true; });
        resolver.resolve(host("127.0.0.1"), [&](const Answer&) { answered = true; });
        server->asked(1);
    }
    // The loop is gone, too; the thread wakes into a world without them.
    server->open();
    EXPECT_FALSE(answered);
    EXPECT_EQ(server->asked(1), std::vector<std::string>{"slow"});
}

}  // namespace
}  // namespace protohost::net::testing
