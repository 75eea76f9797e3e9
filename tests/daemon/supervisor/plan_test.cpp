// SPDX-License-Identifier: MIT
#include "daemon/supervisor/plan.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace protohost::supervisor {
namespace {

using Units = std::vector<UnitId>;
using Changes = std::vector<Plan::Changed>;

constexpr Change retuned{.retuned = true, .factory = false, .moved = false};
constexpr Change factory{.retuned = false, .factory = true, .moved = false};
constexpr Change moved{.retuned = false, .factory = false, .moved = true};

UnitId listeners(std::string name) {
    return {UnitId::Section::listeners, std::move(name)};
}

UnitId endpoints(std::string name) {
    return {UnitId::Section::endpoints, std::move(name)};
}

model::ListenerSpec listener(const std::string& name, std::uint16_t port) {
    model::ListenerSpec spec;
    spec.name = name;
    spec.listen.push_back({{.host = "127.0.0.1", .port = port}, {"a.yaml", 1, 1}});
    spec.protocol.value.plugin = "echo";
    return spec;
}

model::EndpointSpec endpoint(const std::string& name, std::uint16_t port) {
    model::EndpointSpec spec;
    spec.name = name;
    spec.address = {{.host = "127.0.0.1", .port = port}, {"a.yaml", 9, 1}};
    spec.protocol.value.plugin = "feed";
    return spec;
}

model::Configuration configuration(const std::vector<model::ListenerSpec>& listeners,
                                   const std::vector<model::EndpointSpec>& endpoints = {}) {
    model::Configuration made;
    for (const auto& spec : listeners) made.listeners.emplace(spec.name, spec);
    for (const auto& spec : endpoints) made.endpoints.emplace(spec.name, spec);
    return made;
}

void greet(model::UnitSpec& spec) {
    spec.options.kind = model::Node::Kind::mapping;
    spec.options.members.push_back({"greeting", {}, {}});
}

/// What becomes of the only listener when it is changed so.
template <class F>
Plan plan_of_listener(F&& change) {
    auto after = listener("a", 1);
    change(after);
    return make_plan(configuration({listener("a", 1)}), configuration({after}));
}

template <class F>
Plan plan_of_endpoint(F&& change) {
    auto after = endpoint("e", 5);
    change(after);
    return make_plan(configuration({}, {endpoint("e", 5)}), configuration({}, {after}));
}

TEST(MakePlan, AddsEverythingToTheEmptyConfigurationAndRemovesItAgain) {
    const auto desired =
        configuration({listener("b", 2), listener("a", 1)}, {endpoint("d", 4), endpoint("c", 3)});
    const Units all{listeners("a"), listeners("b"), endpoints("c"), endpoints("d")};
    Plan added;
    added.added = all;
    EXPECT_EQ(make_plan({}, desired), added);
    Plan removed;
    removed.removed = all;
    EXPECT_EQ(make_plan(desired, {}), removed);
    Plan unchanged;
    unchanged.unchanged = all;
    EXPECT_EQ(make_plan(desired, desired), unchanged);
    EXPECT_TRUE(unchanged.empty());
}

TEST(MakePlan, LeavesAloneWhatOnlyMovedInTheFile) {
    auto listener_after = listener("a", 1);
    listener_after.place = {"b.yaml", 77, 3};
    listener_after.listen[0].place = {"b.yaml", 78, 5};
    auto endpoint_after = endpoint("b", 2);
    endpoint_after.place = {"c.yaml", 1, 1};
    endpoint_after.address.place = {"c.yaml", 2, 2};
    const Plan plan = make_plan(configuration({listener("a", 1)}, {endpoint("b", 2)}),
                                configuration({listener_after}, {endpoint_after}));
    EXPECT_TRUE(plan.empty());
    EXPECT_EQ(plan.unchanged, (Units{listeners("a"), endpoints("b")}));
}

TEST(MakePlan, LeavesAloneWhatIsSpeltDifferently) {
    auto before = listener("a", 1);
    before.listen[0].value.host = "::1";
    auto after = before;
    after.listen[0].value.host = "0::1";
    EXPECT_TRUE(make_plan(configuration({before}), configuration({after})).empty());
}

TEST(MakePlan, NamesEachKindOfChangeOfAListener) {
    const std::vector<std::pair<Change, void (*)(model::ListenerSpec&)>> cases{
        {retuned, [](auto& spec) { spec.timeouts.drain = std::chrono::seconds(1); }},
        {retuned, [](auto& spec) { spec.limits.connections = 1; }},
        {retuned, [](auto& spec) { spec.write_buffer.high = 1; }},
        {retuned, [](auto& spec) { spec.socket.backlog = 1; }},
        {retuned, [](auto& spec) { spec.socket.mode = 0600; }},
        {factory, [](auto& spec) { spec.protocol.value.plugin = "other"; }},
        {factory, [](auto& spec) { spec.protocol.value.factory = "other"; }},
        {factory, [](auto& spec) { greet(spec); }},
        {moved, [](auto& spec) { spec.listen[0].value.port = 2; }},
        {moved,
         [](auto& spec) {
             spec.listen.push_back({{.host = "::1", .port = 1}, {}});
         }},
        {{.retuned = true, .factory = true, .moved = true}, [](auto& spec) {
             spec.limits.per_source = 1;
             greet(spec);
             spec.listen[0].value.port = 2;
         }}};
    for (const auto& [expected, change] : cases) {
        const Plan plan = plan_of_listener(change);
        EXPECT_EQ(plan.changed, (Changes{{listeners("a"), expected}}))
            << "expected: " << to_string(expected);
        EXPECT_TRUE(plan.restart.empty());
    }
}

TEST(MakePlan, NamesEachKindOfChangeOfAnEndpoint) {
    const std::vector<std::pair<Change, void (*)(model::EndpointSpec&)>> cases{
        {moved, [](auto& spec) { spec.kind = model::EndpointSpec::Kind::bind; }},
        {moved, [](auto& spec) { spec.address.value.port = 99; }},
        {moved,
         [](auto& spec) {
             spec.remote = {{.host = "127.0.0.1", .port = 1}, {}};
         }},
        {moved, [](auto& spec) { spec.path.value = "/run/x"; }},
        {moved, [](auto& spec) { spec.descriptor = 3; }},
        {moved, [](auto& spec) { spec.socket.nodelay = false; }},
        {retuned, [](auto& spec) { spec.reconnect->jitter = 0; }},
        {retuned, [](auto& spec) { spec.reconnect = std::nullopt; }},
        {retuned, [](auto& spec) { spec.required = true; }},
        {retuned, [](auto& spec) { spec.timeouts.idle = std::chrono::seconds(1); }},
        {retuned, [](auto& spec) { spec.write_buffer.limit = 1; }},
        {factory, [](auto& spec) { spec.protocol.value.factory = "other"; }},
        {factory, [](auto& spec) { greet(spec); }}};
    for (std::size_t i = 0; i < cases.size(); ++i) {
        EXPECT_EQ(plan_of_endpoint(cases[i].second).changed,
                  (Changes{{endpoints("e"), cases[i].first}}))
            << "case " << i;
    }
}

TEST(MakePlan, ABoundSocketStaysWithOtherSettings) {
    auto before = endpoint("e", 5);
    before.kind = model::EndpointSpec::Kind::bind;
    auto after = before;
    after.socket.receive_buffer = 70000;
    const Plan plan = make_plan(configuration({}, {before}), configuration({}, {after}));
    EXPECT_EQ(plan.changed, (Changes{{endpoints("e"), retuned}}));
    EXPECT_TRUE(plan.restart.empty());
    after.socket = before.socket;
    after.socket.reuse_port = true;
    const Plan later = make_plan(configuration({}, {before}), configuration({}, {after}));
    EXPECT_TRUE(later.changed.empty());
    EXPECT_EQ(later.restart, std::vector<std::string>{"endpoints.e.socket.reuse_port"});
    EXPECT_FALSE(applied(configuration({}, {before}), configuration({}, {after}))
                     .endpoints.at("e")
                     .socket.reuse_port);
}

TEST(MakePlan, GivesUnitsOfANewGenerationANewFactoryAndNobodyElse) {
    auto other = listener("b", 2);
    other.protocol.value.plugin = "chat";
    const auto running = configuration({listener("a", 1), other}, {endpoint("e", 5)});
    const Plan plan = make_plan(running, running, {"echo", "feed", "unused"});
    EXPECT_EQ(plan.changed, (Changes{{listeners("a"), factory}, {endpoints("e"), factory}}));
    EXPECT_EQ(plan.unchanged, Units{listeners("b")});
}

TEST(MakePlan, ANameThatChangesItsSectionIsRemovedAndAdded) {
    const Plan plan =
        make_plan(configuration({listener("a", 1)}), configuration({}, {endpoint("a", 1)}));
    EXPECT_EQ(plan.added, Units{endpoints("a")});
    EXPECT_EQ(plan.removed, Units{listeners("a")});
    EXPECT_TRUE(plan.changed.empty());
}

TEST(MakePlan, NamesWhatOnlyARestartChangesEachTimeUntilThen) {
    const auto running = configuration({listener("a", 1)});
    auto desired = running;
    desired.listeners.at("a").socket.ipv6_only = false;
    desired.listeners.at("a").socket.reuse_port = true;
    desired.state_directory = {"/srv/state", {}};
    desired.control.socket = {"/run/x.sock", {}};
    const std::vector<std::string> keys{"listeners.a.socket.reuse_port",
                                        "listeners.a.socket.ipv6_only",
                                        "state.directory",
                                        "control.socket"};
    const Plan plan = make_plan(running, desired);
    EXPECT_EQ(plan.restart, keys);
    EXPECT_TRUE(plan.empty());
    EXPECT_EQ(applied(running, desired), running);
    EXPECT_EQ(make_plan(applied(running, desired), desired).restart, keys);
}

TEST(MakePlan, ASocketThatIsOpenedAnewNeedsNoRestart) {
    const Plan plan = plan_of_listener([](auto& spec) {
        spec.socket.reuse_port = true;
        spec.listen[0].value.port = 2;
    });
    EXPECT_TRUE(plan.restart.empty());
    EXPECT_EQ(plan.changed,
              (Changes{{listeners("a"), {.retuned = true, .factory = false, .moved = true}}}));
}

TEST(UnitId, IsWrittenAsInTheMessages) {
    EXPECT_EQ(to_string(listeners("web")), "listeners.web");
    EXPECT_EQ(to_string(endpoints("feed")), "endpoints.feed");
}

/// What becomes of the only subprocess when it is changed so.
template <class F>
Change change_of_subprocess(F&& change) {
    model::SubprocessSpec before;
    before.name = "worker";
    before.process.command = {"worker"};
    model::SubprocessSpec after = before;
    change(after);
    model::Configuration running;
    model::Configuration desired;
    running.subprocesses.emplace("worker", before);
    desired.subprocesses.emplace("worker", after);
    const Plan plan = make_plan(running, desired);
    EXPECT_EQ(plan.added.size() + plan.removed.size(), 0U);
    if (plan.changed.empty()) return {};
    EXPECT_EQ(to_string(plan.changed[0].unit), "subprocesses.worker");
    return plan.changed[0].change;
}

TEST(Plan, ASubprocessIsRestartedForWhatAProcessCannotChange) {
    constexpr Change restarted{
        .retuned = false, .factory = false, .moved = false, .restarted = true};
    using Spec = model::SubprocessSpec;
    EXPECT_EQ(change_of_subprocess([](Spec& s) { s.process.command.push_back("-v"); }), restarted);
    EXPECT_EQ(change_of_subprocess([](Spec& s) { s.process.environment["A"] = "b"; }), restarted);
    EXPECT_EQ(change_of_subprocess([](Spec& s) { s.process.user = {"nobody", {}}; }), restarted);
    EXPECT_EQ(change_of_subprocess([](Spec& s) { s.process.directory = {"/", {}}; }), restarted);
    EXPECT_EQ(change_of_subprocess([](Spec& s) { s.process.limits = {{7, 1}}; }), restarted);
    EXPECT_EQ(change_of_subprocess([](Spec& s) { s.process.pty = true; }), restarted);
    // It gets a standard input.
    EXPECT_TRUE(change_of_subprocess([](Spec& s) { s.protocol.value.plugin = "echo"; }).restarted);
}

TEST(Plan, ASubprocessIsRetunedForAllElse) {
    using Spec = model::SubprocessSpec;
    const auto seconds = std::chrono::seconds(7);
    EXPECT_EQ(change_of_subprocess([](Spec& s) { s.restart = model::Restart::never; }), retuned);
    EXPECT_EQ(change_of_subprocess([&](Spec& s) { s.backoff.max = seconds; }), retuned);
    EXPECT_EQ(change_of_subprocess([&](Spec& s) { s.ready.after = seconds; }), retuned);
    EXPECT_EQ(change_of_subprocess([](Spec& s) { s.stop_signal = 2; }), retuned);
    EXPECT_EQ(change_of_subprocess([&](Spec& s) { s.timeouts.drain = seconds; }), retuned);
    EXPECT_EQ(change_of_subprocess([&](Spec& s) { s.timeouts.pipes = seconds; }), retuned);
    EXPECT_EQ(change_of_subprocess([](Spec& s) { s.depends_on = {{"other", {}}}; }), retuned);
    EXPECT_EQ(change_of_subprocess([](Spec& s) { s.required = true; }), retuned);
    EXPECT_EQ(change_of_subprocess([](Spec& s) { s.place.line = 9; }), Change{});
}

TEST(MakePlan, AnotherTlsIsANewContextAndNothingElse) {
    const Change secured{.tls = true};
    model::Configuration running = configuration({listener("web", 1)}, {endpoint("feed", 2)});
    model::Configuration desired = running;
    desired.listeners.at("web").tls.emplace();
    desired.endpoints.at("feed").tls.emplace();
    const Changes both{{listeners("web"), secured}, {endpoints("feed"), secured}};
    EXPECT_EQ(make_plan(running, desired).changed, both);
    EXPECT_EQ(make_plan(desired, running).changed, both);
    running = desired;
    EXPECT_TRUE(make_plan(running, desired).empty());
    desired.listeners.at("web").tls->alpn = {"h2"};
    EXPECT_EQ(make_plan(running, desired).changed, (Changes{{listeners("web"), secured}}));
    EXPECT_EQ(to_string(secured), "new tls");
}

TEST(MakePlan, OtherFilesOfTlsAreANewContext) {
    model::Configuration running = configuration({listener("web", 1)}, {endpoint("feed", 2)});
    running.listeners.at("web").tls.emplace();
    running.endpoints.at("feed").tls.emplace();
    const Plan plan = make_plan(running, running, {}, {"feed"});
    EXPECT_EQ(plan.changed, (Changes{{endpoints("feed"), Change{.tls = true}}}));
    EXPECT_EQ(plan.unchanged, Units{listeners("web")});
}

}  // namespace
}  // namespace protohost::supervisor
