// SPDX-License-Identifier: MIT
#include "daemon/supervisor/plan.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace protohost::supervisor {
namespace {

using Units = std::vector<UnitId>;

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

TEST(MakePlan, StartsEverythingFromTheEmptyConfiguration) {
    const auto desired =
        configuration({listener("b", 2), listener("a", 1)}, {endpoint("d", 4), endpoint("c", 3)});
    const Units all{listeners("a"), listeners("b"), endpoints("c"), endpoints("d")};
    EXPECT_EQ(make_plan({}, desired), (Plan{.start = all, .keep = {}, .replace = {}, .stop = {}}));
    EXPECT_EQ(make_plan(desired, {}), (Plan{.start = {}, .keep = {}, .replace = {}, .stop = all}));
    EXPECT_EQ(make_plan(desired, desired),
              (Plan{.start = {}, .keep = all, .replace = {}, .stop = {}}));
}

TEST(MakePlan, KeepsWhatDidNotChangeAlsoWhenItMovedInTheFile) {
    auto moved = listener("a", 1);
    moved.place = {"b.yaml", 77, 3};
    moved.listen[0].place = {"b.yaml", 78, 5};
    auto moved_too = endpoint("b", 2);
    moved_too.place = {"c.yaml", 1, 1};
    moved_too.address.place = {"c.yaml", 2, 2};
    const Plan plan = make_plan(configuration({listener("a", 1)}, {endpoint("b", 2)}),
                                configuration({moved}, {moved_too}));
    EXPECT_EQ(
        plan,
        (Plan{.start = {}, .keep = {listeners("a"), endpoints("b")}, .replace = {}, .stop = {}}));
}

TEST(MakePlan, ReplacesWhatChangedAndStopsWhatIsGone) {
    auto options = listener("c", 3);
    options.options.kind = model::Node::Kind::mapping;
    options.options.members.push_back({"greeting", {}, {}});
    auto never = endpoint("e", 5);
    never.reconnect = std::nullopt;
    const Plan plan = make_plan(
        configuration({listener("a", 1), listener("b", 2), listener("c", 3)},
                      {endpoint("e", 5), endpoint("f", 6)}),
        configuration({listener("b", 22), options, listener("d", 4)}, {never, endpoint("g", 7)}));
    EXPECT_EQ(plan,
              (Plan{.start = {listeners("d"), endpoints("g")},
                    .keep = {},
                    .replace = {listeners("b"), listeners("c"), endpoints("e")},
                    .stop = {listeners("a"), endpoints("f")}}));
}

TEST(MakePlan, ReplacesAUnitWhateverPartOfItChanged) {
    using Change = void (*)(model::EndpointSpec&);
    const std::vector<Change> changes{
        [](auto& spec) { spec.kind = model::EndpointSpec::Kind::bind; },
        [](auto& spec) { spec.address.value.port = 99; },
        [](auto& spec) {
            spec.remote = {{.host = "127.0.0.1", .port = 1}, {}};
        },
        [](auto& spec) { spec.path.value = "/run/x"; },
        [](auto& spec) { spec.descriptor = 3; },
        [](auto& spec) { spec.reconnect->jitter = 0; },
        [](auto& spec) { spec.required = true; },
        [](auto& spec) { spec.protocol.value.factory = "other"; },
        [](auto& spec) { spec.write_buffer.limit = 1; },
        [](auto& spec) { spec.timeouts.idle = std::chrono::seconds(1); },
        [](auto& spec) { spec.socket.nodelay = false; },
        [](auto& spec) { spec.limits.connections = 1; }};
    for (std::size_t i = 0; i < changes.size(); ++i) {
        auto changed = endpoint("e", 5);
        changes[i](changed);
        const Plan plan =
            make_plan(configuration({}, {endpoint("e", 5)}), configuration({}, {changed}));
        EXPECT_EQ(plan.replace, Units{endpoints("e")}) << "change " << i;
    }
}

TEST(MakePlan, ANameThatChangesItsSectionStopsAndStarts) {
    EXPECT_EQ(
        make_plan(configuration({listener("a", 1)}), configuration({}, {endpoint("a", 1)})),
        (Plan{.start = {endpoints("a")}, .keep = {}, .replace = {}, .stop = {listeners("a")}}));
}

TEST(UnitId, IsWrittenAsInTheMessages) {
    EXPECT_EQ(to_string(listeners("web")), "listeners.web");
    EXPECT_EQ(to_string(endpoints("feed")), "endpoints.feed");
}

}  // namespace
}  // namespace protohost::supervisor
