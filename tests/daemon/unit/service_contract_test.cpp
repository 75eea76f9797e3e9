// SPDX-License-Identifier: MIT
// What every service that opens something promises.
#include <list>
#include <stdexcept>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/daemon/unit/scenes.hpp"

namespace protohost::unit::testing {
namespace {

using net::testing::open_descriptors;

class EveryService : public ::testing::TestWithParam<Scene> {
protected:
    bool serves() const { return GetParam().kind == 0; }
    std::uint32_t kind() const { return serves() ? std::uint32_t{PH_STREAM} : GetParam().kind; }

    void TearDown() override { peers_.leave(); }

    Peers peers_;
    Rig rig_{loopback};
};

TEST_P(EveryService, OpensOnceAndLaterWhatIsThenItsUnits) {
    Puppet& puppet = rig_.listener();
    puppet.start();
    Attempt attempt(puppet, kind());
    GetParam().begin(peers_, attempt);
    ASSERT_NE(attempt.op, 0u);
    EXPECT_EQ(attempt.made + attempt.done, 0u);
    rig_.run_until([&] { return attempt.done != 0; });
    EXPECT_TRUE(attempt.succeeded()) << attempt.text;
    rig_.run_ready();
    EXPECT_EQ(attempt.made, serves() ? 0u : 1u);
    EXPECT_EQ(attempt.dropped, serves() ? 0u : 1u);
    EXPECT_EQ(puppet.story.count("made"), attempt.made);
    EXPECT_EQ(puppet.unit().connections(), attempt.made);
    EXPECT_EQ(attempt.cancel(), PH_E_INVAL);

    rig_.end(puppet);
    EXPECT_EQ(puppet.story.count("drain"), attempt.made);
    EXPECT_EQ(attempt.dropped, 1u);
}

TEST_P(EveryService, CancelledAtAnyStepOpensNothingOrHasOpenedIt) {
    Puppet& puppet = rig_.listener();
    puppet.start();
    std::list<Attempt> attempts;
    for (int steps = 0;; ++steps) {
        const std::size_t before = open_descriptors();
        Attempt& attempt = attempts.emplace_back(puppet, kind());
        GetParam().begin(peers_, attempt);
        for (int step = 0; step < steps && attempt.done == 0; ++step) rig_.step();
        if (attempt.made + attempt.done != 0) {
            EXPECT_EQ(attempt.cancel(), PH_E_INVAL) << "it is open, told or not";
            rig_.run_until([&] { return attempt.done != 0; });
            EXPECT_TRUE(attempt.succeeded()) << attempt.text;
            break;
        }
        ASSERT_LT(steps, 100);
        EXPECT_EQ(attempt.cancel(), PH_OK);
        EXPECT_EQ(attempt.cancel(), PH_E_INVAL) << "it is cancelled already";
        EXPECT_EQ(attempt.done, 0u);
        rig_.run_until([&] { return attempt.dropped != 0; });
        EXPECT_EQ(attempt.status, PH_E_CANCELLED);
        EXPECT_EQ(attempt.made, 0u) << "after " << steps << " steps";
        rig_.run_ready();
        peers_.leave();
        EXPECT_EQ(open_descriptors(), before) << "after " << steps << " steps";
    }
    rig_.end(puppet);
}

TEST_P(EveryService, GoesWithItsUnitAtAnyStep) {
    for (int steps = 0;; ++steps) {
        Puppet& puppet = rig_.listener();
        puppet.start();
        Attempt attempt(puppet, kind());
        GetParam().begin(peers_, attempt);
        for (int step = 0; step < steps && attempt.done == 0; ++step) rig_.step();
        const bool opened = attempt.made + attempt.done != 0;
        const unsigned told = attempt.done;
        puppet.stop();
        EXPECT_EQ(attempt.done, told) << "it would be told from inside";
        rig_.end(puppet);
        EXPECT_EQ(attempt.status, opened ? PH_OK : PH_E_CANCELLED) << "after " << steps;
        peers_.leave();
        if (opened) break;
        ASSERT_LT(steps, 100);
    }
}

TEST_P(EveryService, IsRefusedBeforeItsUnitServesAndWhileItGoes) {
    Puppet& puppet = rig_.listener();
    const auto refused = [&](const char* when) {
        Attempt attempt(puppet, kind());
        GetParam().begin(peers_, attempt);
        EXPECT_EQ(attempt.op, 0u) << when;
        rig_.run_ready();
        EXPECT_EQ(attempt.made + attempt.done + attempt.dropped, 0u) << when;
        if (attempt.descriptor < 0) return;
        EXPECT_EQ(::close(attempt.descriptor), 0) << "it is the caller's " << when;
    };
    refused("before it serves");
    puppet.start();
    puppet.stop();
    refused("while it goes");
}

TEST_P(EveryService, EndsNothingWhenItsCompletionThrows) {
    Puppet& puppet = rig_.listener();
    puppet.start();
    Attempt attempt(puppet, kind());
    attempt.in_done = [] { throw std::runtime_error("a completion that fails"); };
    GetParam().begin(peers_, attempt);
    rig_.run_until([&] { return attempt.done != 0; });
    rig_.run_ready();
    EXPECT_EQ(puppet.unit().connections(), attempt.made);
    rig_.end(puppet);
}

/// Those that ask for a protocol before they are done.
class EveryOpening : public EveryService {};

TEST_P(EveryOpening, OpensNothingWhenItsProtocolFactoryThrows) {
    Puppet& puppet = rig_.listener();
    puppet.start();
    const std::size_t before = open_descriptors();
    Attempt attempt(puppet, kind());
    attempt.in_make = [] { throw std::runtime_error("no protocol today"); };
    GetParam().begin(peers_, attempt);
    rig_.run_until([&] { return attempt.dropped != 0; });
    EXPECT_EQ(attempt.status, PH_E_EXCEPTION);
    EXPECT_EQ(attempt.text, "no protocol today");
    EXPECT_EQ(puppet.story.count("made"), 0u);
    peers_.leave();
    EXPECT_EQ(open_descriptors(), before);
}

TEST_P(EveryOpening, IsTooLateToCancelInItsProtocolFactory) {
    Puppet& puppet = rig_.listener();
    puppet.start();
    Attempt attempt(puppet, kind());
    attempt.in_make = [&] { EXPECT_EQ(attempt.cancel(), PH_E_INVAL); };
    GetParam().begin(peers_, attempt);
    rig_.run_until([&] { return attempt.dropped != 0; });
    EXPECT_TRUE(attempt.succeeded()) << attempt.text;
    rig_.run_ready();
    EXPECT_EQ(puppet.unit().connections(), 1u);
    rig_.end(puppet);
}

INSTANTIATE_TEST_SUITE_P(Scenes,
                         EveryService,
                         ::testing::ValuesIn(good_scenes()),
                         [](const auto& scene) { return scene.param.name; });

INSTANTIATE_TEST_SUITE_P(Scenes,
                         EveryOpening,
                         ::testing::ValuesIn(good_openings()),
                         [](const auto& scene) { return scene.param.name; });

}  // namespace
}  // namespace protohost::unit::testing
