// SPDX-License-Identifier: MIT
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "plugins/exec/admission.hpp"
#include "plugins/exec/error_lines.hpp"

#include <protohost/testing.hpp>

namespace {

using namespace std::chrono_literals;
using protohost::testing::Host;
using protohost::testing::Listener;
using protohost::testing::OptionValue;
using protohost::testing::OptionValues;

TEST(ExecAdmission, LetsInAsManyAsASecondHoldsAndThenOneAtATime) {
    exec::Admission admission(0, 4);
    protohost::TimePoint now{1h};
    const auto enters = [&] { return static_cast<bool>(admission.enter(now)); };
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(enters());
    EXPECT_FALSE(enters());
    EXPECT_STREQ(admission.limit(), "per_second");
    now += 249ms;
    EXPECT_FALSE(enters());
    now += 2ms;
    EXPECT_TRUE(enters());
    EXPECT_FALSE(enters());
    EXPECT_EQ(admission.take_refused(), 3U);
    EXPECT_EQ(admission.refused(), 0U);
    now += 1h;
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(enters());
    EXPECT_FALSE(enters()) << "a long pause saves no more than a second";
}

TEST(ExecAdmission, APlaceIsTakenUntilItGoes) {
    exec::Admission admission(2, 0);
    const protohost::TimePoint now{};
    auto first = admission.enter(now);
    auto second = admission.enter(now);
    EXPECT_TRUE(first);
    EXPECT_TRUE(second);
    EXPECT_FALSE(admission.enter(now));
    EXPECT_STREQ(admission.limit(), "instances");
    const exec::Admission::Place moved(std::move(first));
    EXPECT_TRUE(moved);
    EXPECT_FALSE(admission.enter(now)) << "it has only moved";
    second = {};
    EXPECT_TRUE(admission.enter(now));
    EXPECT_STREQ(admission.limit(), "instances") << "of the last that was refused";
}

TEST(ExecAdmission, WithoutLimitsLetsEverybodyIn) {
    exec::Admission admission(0, 0);
    std::vector<exec::Admission::Place> places;
    for (int i = 0; i < 10'000; ++i) {
        places.push_back(admission.enter(protohost::TimePoint{}));
        ASSERT_TRUE(places.back());
    }
}

struct ExecErrorLines : testing::Test {
    void receive(std::string_view text) { lines.received(text, log(), "cat"); }
    void end() { lines.ended(log(), "cat"); }
    protohost::Log log() { return host.get_loop().log(); }
    std::vector<std::string> logged() const {
        std::vector<std::string> all;
        for (const auto& line : host.log()) all.push_back(line.text);
        return all;
    }

    Host host;
    exec::ErrorLines lines;
};

TEST_F(ExecErrorLines, AreLoggedWholeHoweverTheyCome) {
    receive("on");
    receive("e\ntwo\n\nfo");
    EXPECT_EQ(logged(), (std::vector<std::string>{"cat: one", "cat: two", "cat: "}));
    receive("ur");
    end();
    EXPECT_EQ(logged().back(), "cat: four");
    EXPECT_EQ(logged().size(), 4U);
}

TEST_F(ExecErrorLines, FillNeitherTheLogNorTheMemory) {
    receive(std::string(5'000, 'x') + std::string(5'000, 'y') + "\n");
    EXPECT_EQ(logged().front(), "cat: " + std::string(1'000, 'x'));
    for (int i = 0; i < 1'000; ++i) receive("again\n");
    EXPECT_EQ(logged().size(), 20U);
    end();
    EXPECT_EQ(logged().back(), "cat: 981 further lines on its standard error");
    EXPECT_EQ(logged().size(), 21U);
}

/// What the operator is told, "" for nothing.
std::string said_to(const OptionValues& options) {
    Host host;
    try {
        const Listener listener(host, protohost_plugin_entry_v1, options);
    } catch (const std::invalid_argument& refused) {
        return refused.what();
    }
    return "";
}

TEST(ExecOptions, AreLookedAtBeforeAnybodyConnects) {
    const auto with = [](const std::string& key, const OptionValue& value) {
        return said_to({{"command", OptionValue::list({"cat"})}, {key, value}});
    };
    EXPECT_EQ(with("environment", OptionValue::mapping({{"A", "b"}})), "");
    EXPECT_NE(said_to({}).find("command"), std::string::npos);
    EXPECT_NE(said_to({{"command", OptionValue::list({})}}).find("expected a list of the program"),
              std::string::npos);
    struct Wrong {
        std::string key;
        OptionValue value;
        std::string said;
    };
    for (const auto& [key, value, said] :
         {Wrong{"directory", "here", "expected an absolute path"},
          Wrong{"errors", "nowhere", "expected log or client"},
          Wrong{"instances", -1, "cannot be negative"},
          Wrong{"per_second", -1, "cannot be negative"},
          Wrong{"environment", OptionValue::list({"a"}), "expected a mapping"},
          Wrong{"environment", "a", "expected a mapping"},
          Wrong{"environment", OptionValue::mapping({{"A=B", "c"}}), "expected a mapping"}}) {
        EXPECT_NE(with(key, value).find(said), std::string::npos) << key << ": " << said;
    }
}

}  // namespace
