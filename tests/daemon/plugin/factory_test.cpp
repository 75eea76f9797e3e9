// SPDX-License-Identifier: MIT
#include "daemon/plugin/factory.hpp"

#include "daemon/plugin/guard.hpp"
#include "tests/daemon/plugin/loaded_guest.hpp"
#include "tests/daemon/plugin/nodes.hpp"

namespace protohost::plugin {
namespace {

using testing::options;
using testing::scalar;
using testing::text;

class FactoryTest : public testing::LoadedGuest {
protected:
    auto try_configure(const std::string& name, const model::Node& given) {
        const auto module = load(name);
        return Factory::configure(module, module->factories()[0], given);
    }

    std::unique_ptr<Factory> configure(const std::string& name, const model::Node& given) {
        auto factory = try_configure(name, given);
        EXPECT_TRUE(factory) << text(factory);
        return std::move(factory.value());
    }

    std::string garbage(int fault, const std::string& guest = "garbage_protocol") {
        const auto factory = configure(guest, options({{"fault", scalar(std::to_string(fault))}}));
        ph_proto made = {nullptr, &fault};
        const ph_status status = factory->make_protocol(made);
        EXPECT_EQ(made.ops, nullptr);
        EXPECT_EQ(made.self, nullptr);
        return status < 0 ? failure_text(status) : "no error";
    }
};

TEST_F(FactoryTest, LivesItsLifeAndKeepsItsModule) {
    auto factory = configure("good", options({}));
    EXPECT_EQ(factory->started(), PH_OK);
    ph_proto made{};
    EXPECT_EQ(factory->make_protocol(made), PH_OK);
    EXPECT_NE(made.ops, nullptr);
    EXPECT_NE(made.self, nullptr);
    EXPECT_EQ(factory->module().name(), "good");
    EXPECT_EQ(factory->declared().name, "good");
    factory.reset();
    EXPECT_EQ(context_.said,
              (std::vector<std::string>{
                  "load", "configure", "started", "make_protocol", "release", "unload"}));
}

TEST_F(FactoryTest, RunsNoCodeOfThePluginOnWrongOptions) {
    EXPECT_EQ(text(try_configure("good", options({{"greting", scalar("x")}}))),
              "web.yaml:11:7: listeners.web.options.greting: unknown option \"greting\" (did you "
              "mean \"greeting\"?)\n");
    EXPECT_EQ(context_.said, (std::vector<std::string>{"load", "unload"}));
}

TEST_F(FactoryTest, PointsAtTheValueThatThePluginRejects) {
    EXPECT_EQ(text(try_configure("good", options({{"greeting", scalar("")}}))),
              "web.yaml:11:20: listeners.web.options.greeting: must not be empty\n");
    EXPECT_EQ(context_.said, (std::vector<std::string>{"load", "unload"})) << "no release";
}

TEST_F(FactoryTest, PutsOtherFailuresAtTheOptions) {
    EXPECT_EQ(text(try_configure("good", options({{"limit", scalar("0")}}))),
              "web.yaml:10:5: listeners.web.options: plugin \"good\": a limit of nothing\n");
    EXPECT_EQ(text(try_configure("throws_in_configure", options({}))),
              "web.yaml:10:5: listeners.web.options: plugin \"throws_in_configure\": threw an "
              "exception: no such table\n");
}

TEST_F(FactoryTest, SurvivesThrowsFromMakeProtocol) {
    const auto factory = configure("throws_in_make_protocol", options({}));
    ph_proto made{};
    EXPECT_EQ(factory->make_protocol(made), PH_E_EXCEPTION);
    EXPECT_EQ(failure_text(PH_E_EXCEPTION), "threw an exception: no more seats");
    EXPECT_EQ(made.ops, nullptr);
}

TEST_F(FactoryTest, SurvivesThrowsFromStartedAndRelease) {
    auto started = configure("thrower", options({{"from", scalar("started")}}));
    EXPECT_EQ(started->started(), PH_E_EXCEPTION);
    EXPECT_EQ(failure_text(PH_E_EXCEPTION), "threw an exception: from started");
    configure("thrower", options({{"from", scalar("release")}})).reset();
}

TEST_F(FactoryTest, HandsOutNoUnusableProtocol) {
    const std::string returned = "misbehaves: make_protocol returned ";
    EXPECT_EQ(garbage(-1), returned + "no protocol");
    EXPECT_EQ(garbage(0), returned + "a protocol whose table is too short");
    EXPECT_EQ(
        garbage(1),
        returned + "a protocol of kind datagram, where its factory declares stream protocols");
    EXPECT_EQ(garbage(2), returned + "a protocol without connection_made");
    EXPECT_EQ(garbage(3), returned + "a protocol without connection_lost");
    EXPECT_EQ(garbage(4), returned + "a protocol without destroy");
    const std::string no_receiver =
        returned + "a protocol with neither data_received nor get_buffer and buffer_updated";
    EXPECT_EQ(garbage(5), no_receiver);
    EXPECT_EQ(garbage(6), no_receiver);
}

TEST_F(FactoryTest, HandsOutNoUnusableDatagramProtocol) {
    const std::string returned = "misbehaves: make_protocol returned ";
    const auto fault = [&](int number) { return garbage(number, "garbage_datagrams"); };
    EXPECT_EQ(
        fault(1),
        returned + "a protocol of kind stream, where its factory declares datagram protocols");
    EXPECT_EQ(fault(2), returned + "a protocol without datagram_received");
    EXPECT_EQ(fault(3), returned + "a protocol without datagram_received");
    EXPECT_EQ(fault(4), returned + "a protocol without connection_lost");
    EXPECT_EQ(fault(5), returned + "a protocol without destroy");
    EXPECT_EQ(fault(6),
              returned +
                  "a protocol of the unknown kind 77, where its factory declares datagram "
                  "protocols");
    const auto good = configure("garbage_datagrams", options({{"fault", scalar("0")}}));
    ph_proto made{};
    EXPECT_EQ(good->make_protocol(made), PH_OK);
    EXPECT_TRUE(made.ops != nullptr);
}

TEST_F(FactoryTest, HasAKindThatAUnitCanCheck) {
    const auto streams = configure("good", options({}));
    const auto datagrams = configure("garbage_datagrams", options({{"fault", scalar("0")}}));
    EXPECT_EQ(streams->kind(), std::uint32_t{PH_STREAM});
    EXPECT_EQ(datagrams->kind(), std::uint32_t{PH_DATAGRAM});
}

TEST_F(FactoryTest, WorksWithOlderAndNewerTables) {
    for (const char* name : {"old_tables", "new_tables"}) {
        auto factory = configure(name, options({}));
        ph_proto made{};
        EXPECT_EQ(factory->started(), PH_OK) << name;
        EXPECT_EQ(factory->make_protocol(made), PH_OK) << name;
    }
}

TEST(FailureText, NamesAStatusThatCameWithoutAText) {
    base::take_failure();
    EXPECT_EQ(failure_text(PH_E_NOMEM), "out of memory, without saying why");
    EXPECT_EQ(failure_text(-77), "failed with status -77, without saying why");
    base::set_failure("because");
    EXPECT_EQ(failure_text(PH_E_NOMEM), "because");
    EXPECT_EQ(failure_text(PH_E_FAIL), "failed, without saying why");
}

}  // namespace
}  // namespace protohost::plugin
