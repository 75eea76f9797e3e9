// SPDX-License-Identifier: MIT
#include "daemon/supervisor/plan.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace protohost::supervisor {
namespace {

using Names = std::vector<std::string>;

model::ListenerSpec listener(const std::string& name, std::uint16_t port) {
    model::ListenerSpec spec;
    spec.name = name;
    spec.listen.push_back({{.host = "127.0.0.1", .port = port}, {"a.yaml", 1, 1}});
    spec.protocol.value.plugin = "echo";
    return spec;
}

model::Configuration configuration(const std::vector<model::ListenerSpec>& listeners) {
    model::Configuration made;
    for (const auto& spec : listeners) made.listeners.emplace(spec.name, spec);
    return made;
}

TEST(MakePlan, StartsEverythingFromTheEmptyConfiguration) {
    const auto desired = configuration({listener("b", 2), listener("a", 1)});
    EXPECT_EQ(make_plan({}, desired),
              (Plan{.start = Names{"a", "b"}, .keep = {}, .replace = {}, .stop = {}}));
}

TEST(MakePlan, KeepsWhatDidNotChangeAlsoWhenItMovedInTheFile) {
    auto moved = listener("a", 1);
    moved.place = {"b.yaml", 77, 3};
    moved.listen[0].place = {"b.yaml", 78, 5};
    const Plan plan = make_plan(configuration({listener("a", 1)}), configuration({moved}));
    EXPECT_EQ(plan, (Plan{.start = {}, .keep = Names{"a"}, .replace = {}, .stop = {}}));
}

TEST(MakePlan, ReplacesWhatChangedAndStopsWhatIsGone) {
    auto options = listener("c", 3);
    options.options.kind = model::Node::Kind::mapping;
    options.options.members.push_back({"greeting", {}, {}});
    const Plan plan =
        make_plan(configuration({listener("a", 1), listener("b", 2), listener("c", 3)}),
                  configuration({listener("b", 22), options, listener("d", 4)}));
    EXPECT_EQ(
        plan,
        (Plan{.start = Names{"d"}, .keep = {}, .replace = Names{"b", "c"}, .stop = Names{"a"}}));
}

}  // namespace
}  // namespace protohost::supervisor
