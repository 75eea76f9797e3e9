// SPDX-License-Identifier: MIT
#include <array>
#include <chrono>
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "daemon/base/failure.hpp"
#include "daemon/plugin/config_api.hpp"
#include "daemon/plugin/options.hpp"
#include "tests/daemon/plugin/guest_files.hpp"
#include "tests/daemon/plugin/nodes.hpp"

#include <protohost/options.hpp>

// What an author's mistake, or a value that does not fit into the author's type, looks like to the
// operator: the SDK's face over the daemon's getters.

namespace protohost::plugin {
namespace {

using testing::options;
using testing::scalar;

constexpr std::array declared = {
    option("limit", OptionType::size, "64KiB", ""),
    option("count", OptionType::integer, "-3", ""),
    option("patience", OptionType::duration, "30s", ""),
    option("names", OptionType::list, "[a, b]", ""),
    option("extra", OptionType::any, "", ""),
    option("greeting", OptionType::string, "", ""),
};

class SdkOptions : public ::testing::Test {
protected:
    SdkOptions() { host_.config = &config_api(); }

    Options give(std::vector<std::pair<std::string, model::Node>> members) {
        const model::Node given = options(std::move(members));
        EXPECT_EQ(testing::text(check_options(given, declared, completed_)), "");
        return {detail::Context{&host_, nullptr}, handle(completed_)};
    }

    template <class T>
    static std::string complaint(const Options& value) {
        try {
            static_cast<void>(value.as<T>());
        } catch (const OptionError&) {
            return base::take_failure();
        }
        return "none";
    }

    ph_host host_{};
    model::Node completed_;
};

TEST_F(SdkOptions, AnOptionReadAsAnotherTypeThanDeclaredIsThePluginsFault) {
    const Options given = give({{"limit", scalar("5GiB")}, {"patience", scalar("5m")}});
    EXPECT_EQ(complaint<int>(given["limit"]),
              "web.yaml:11:20: listeners.web.options.limit: a fault of the plugin, not of the "
              "value: declared as size, read as integer");
    EXPECT_EQ(complaint<std::size_t>(given["patience"]),
              "web.yaml:12:20: listeners.web.options.patience: a fault of the plugin, not of the "
              "value: declared as duration, read as size");
    EXPECT_EQ(complaint<std::size_t>(given["count"]),
              "web.yaml:10:5: listeners.web.options.count: a fault of the plugin, not of the "
              "value: declared as integer, read as size (the plugin's default)");
    EXPECT_EQ(complaint<bool>(given["names"].at(1)),
              "web.yaml:10:5: listeners.web.options.names[1]: a fault of the plugin, not of the "
              "value: declared as string, read as boolean (the plugin's default)");
}

TEST_F(SdkOptions, AnEmptyTextIsADefaultOfStringsAlone) {
    const Options given = give({});
    EXPECT_EQ(given.get<std::string>("greeting"), "");
    EXPECT_FALSE(given["extra"]);
}

TEST_F(SdkOptions, WhereThePluginLooksForItselfTheValueIsToBlame) {
    const Options given = give({{"extra", options({{"deep", scalar("5GiB")}})}});
    EXPECT_EQ(complaint<int>(given["extra"]["deep"]),
              "web.yaml:11:20: listeners.web.options.deep: expected a whole number, found "
              "\"5GiB\"");
}

TEST_F(SdkOptions, AValueThatDoesNotFitIsRepeatedAsItWasWritten) {
    const Options given = give(
        {{"limit", scalar("5GiB")}, {"count", scalar("-300")}, {"patience", scalar("1500ms")}});
    EXPECT_EQ(complaint<std::uint32_t>(given["limit"]),
              "web.yaml:11:20: listeners.web.options.limit: 5GiB does not fit: the plugin takes 0 "
              "to 4294967295 bytes");
    EXPECT_EQ(complaint<std::int8_t>(given["count"]),
              "web.yaml:12:20: listeners.web.options.count: -300 does not fit: the plugin takes "
              "-128 to 127");
    EXPECT_EQ(complaint<std::chrono::seconds>(given["patience"]),
              "web.yaml:13:20: listeners.web.options.patience: 1500ms does not fit: the plugin "
              "counts in whole seconds");
    EXPECT_EQ(complaint<std::chrono::milliseconds>(given["patience"]), "none");
    using Short = std::chrono::duration<std::int16_t, std::milli>;
    EXPECT_EQ(complaint<Short>(give({{"patience", scalar("1m")}})["patience"]),
              "web.yaml:11:20: listeners.web.options.patience: 1m does not fit: the plugin takes "
              "at most 32767 milliseconds");
}

TEST_F(SdkOptions, ADefaultThatThePluginRejectsIsNamedAsSuch) {
    const Options given = give({{"limit", scalar("0")}});
    EXPECT_THROW(given["patience"].reject("must be short"), OptionError);
    EXPECT_EQ(base::take_failure(),
              "web.yaml:10:5: listeners.web.options.patience: must be short (the plugin's "
              "default)");
    EXPECT_THROW(given["limit"].reject("must not be zero"), OptionError);
    EXPECT_EQ(base::take_failure(),
              "web.yaml:11:20: listeners.web.options.limit: must not be zero");
}

}  // namespace
}  // namespace protohost::plugin
