// SPDX-License-Identifier: MIT
#include "daemon/plugin/search.hpp"

#include <array>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/daemon/plugin/guest_files.hpp"

namespace protohost::plugin {
namespace {

using testing::TemporaryFolder;
using testing::text;
using testing::write_bytes;

constexpr const char* where = "a.yaml:3:15: listeners.web.protocol";

TEST(FindPlugin, TakesTheFirstDirectoryThatHasIt) {
    const TemporaryFolder one, two;
    write_bytes(two / "http.so", {});
    const std::array<std::string, 2> directories = {one.path(), two.path()};
    EXPECT_EQ(find_plugin(where, "http", directories).value(), two / "http.so");
    write_bytes(one / "http.so", {});
    EXPECT_EQ(find_plugin(where, "http", directories).value(), one / "http.so");
}

TEST(FindPlugin, NamesTheDirectoriesAndTheLikelyName) {
    const TemporaryFolder one, two;
    write_bytes(two / "http.so", {});
    write_bytes(two / "htpp.txt", {});
    const std::array<std::string, 2> directories = {one.path(), two.path()};
    EXPECT_EQ(text(find_plugin(where, "htpp", directories)),
              "a.yaml:3:15: listeners.web.protocol: no plugin \"htpp\" in " + one.path() + ", " +
                  two.path() + " (did you mean \"http\"?)\n");
    EXPECT_EQ(text(find_plugin(where, "smtp-relay", directories)),
              "a.yaml:3:15: listeners.web.protocol: no plugin \"smtp-relay\" in " + one.path() +
                  ", " + two.path() + " (plugins.directories says where to look)\n");
    EXPECT_EQ(text(find_plugin(where, "http", {})),
              "a.yaml:3:15: listeners.web.protocol: no plugin \"http\" in any directory: none is "
              "configured (plugins.directories says where to look)\n");
}

TEST(FindPlugin, SaysWhichDirectoryItCouldNotRead) {
    const TemporaryFolder folder;
    write_bytes(folder / "file", {});
    const std::array<std::string, 3> directories = {
        folder / "absent", folder / "file", folder.path()};
    EXPECT_EQ(text(find_plugin(where, "http", directories)),
              "a.yaml:3:15: listeners.web.protocol: no plugin \"http\" in " + (folder / "absent") +
                  " (does not exist), " + (folder / "file") + " (not a directory), " +
                  folder.path() + " (plugins.directories says where to look)\n");
    write_bytes(folder / "http.so", {});
    EXPECT_EQ(find_plugin(where, "http", directories).value(), folder / "http.so");
}

TEST(FindPlugin, DoesNotLeaveTheDirectories) {
    const TemporaryFolder folder;
    const std::array<std::string, 1> directories = {folder.path()};
    EXPECT_EQ(text(find_plugin(where, "../http", directories)),
              "a.yaml:3:15: listeners.web.protocol: \"../http\" cannot be the name of a plugin (a "
              "name is letters, digits, - and _)\n");
}

}  // namespace
}  // namespace protohost::plugin
