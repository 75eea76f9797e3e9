// SPDX-License-Identifier: MIT
#include "daemon/config/schema.hpp"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// What the schema accepts and refuses is in schema/, with a validator that knows how.

namespace protohost::config {
namespace {

using nlohmann::json;

json properties_of_listener(const json& root) {
    return root.at("/properties/listeners/additionalProperties/properties"_json_pointer);
}

TEST(Schema, WithoutPluginsNamesNoProtocol) {
    const json root = json::parse(schema({}));
    EXPECT_EQ(root.at("$schema"), "http://json-schema.org/draft-07/schema#");
    EXPECT_TRUE(root.at("definitions").empty());
    EXPECT_TRUE(properties_of_listener(root).at("protocol").contains("pattern"));
    EXPECT_FALSE(
        root.at("/properties/listeners/additionalProperties"_json_pointer).contains("allOf"));
}

TEST(Schema, ListsTheProtocolsOfTheRightKind) {
    const json root = json::parse(schema({{"one", "one", "stream"},
                                          {"one", "two", "stream"},
                                          {"log", "udp", "datagram"},
                                          {"log", "tcp", "stream"}}));
    const json protocol = properties_of_listener(root).at("protocol");
    EXPECT_EQ(protocol.at("/anyOf/0/enum"_json_pointer),
              json({"one/one", "one", "one/two", "log/tcp"}));
    EXPECT_EQ(protocol.at("/not/enum"_json_pointer), json({"log/udp"}));
    EXPECT_TRUE(root.at("definitions").contains("options:log:tcp"));
}

TEST(Schema, HasTheDefaultsAsAPersonWouldWriteThem) {
    const json unit = properties_of_listener(json::parse(schema({})));
    const auto fallback = [&](const char* path) {
        return unit.at(json::json_pointer(path)).at("default");
    };
    EXPECT_EQ(fallback("/write_buffer/properties/high"), "64KiB");
    EXPECT_EQ(fallback("/timeouts/properties/drain"), "30s");
    EXPECT_EQ(fallback("/timeouts/properties/idle"), 0);
    EXPECT_EQ(fallback("/socket/properties/keepalive"), true);
    EXPECT_EQ(fallback("/options"), json::object());
    EXPECT_FALSE(unit.at("listen").contains("default"));
    EXPECT_EQ(unit.at("/socket/properties/mode/description"_json_pointer),
              "Permissions of the socket's file: `0660`. By default what the umask leaves");
}

}  // namespace
}  // namespace protohost::config
