// SPDX-License-Identifier: MIT
#include "daemon/net/folder_watch.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/daemon/net/scratch_folder.hpp"

namespace protohost::net::testing {
namespace {

namespace fs = std::filesystem;
using Folders = std::set<std::string>;

struct WayTo : ::testing::Test {
    ScratchFolder folder;
    const std::string here = fs::canonical(folder.path());
    void write(const std::string& name) const { std::ofstream(here + "/" + name) << "x"; }
};

TEST_F(WayTo, AFileIsItsFolder) {
    write("a");
    EXPECT_EQ(folders_on_the_way_to(here + "/a"), (Folders{here}));
    EXPECT_EQ(folders_on_the_way_to(here + "/./../" + fs::path(here).filename().string() + "/a"),
              (Folders{here}));
}

TEST_F(WayTo, WhatIsNotThereEndsWhereItWillCome) {
    EXPECT_EQ(folders_on_the_way_to(here + "/none/a"), (Folders{here}));
    EXPECT_EQ(folders_on_the_way_to(here + "/a"), (Folders{here}));
}

TEST_F(WayTo, LinksLeadThroughTheirFolders) {
    fs::create_directory(here + "/one");
    fs::create_directory(here + "/two");
    write("two/a");
    fs::create_directory_symlink("two", here + "/link");
    fs::create_symlink("../link/a", here + "/one/a");
    EXPECT_EQ(folders_on_the_way_to(here + "/one/a"),
              (Folders{here, here + "/one", here + "/two"}));
    fs::create_symlink(here + "/two/a", here + "/absolute");
    EXPECT_EQ(folders_on_the_way_to(here + "/absolute"), (Folders{here, here + "/two"}));
}

TEST_F(WayTo, ACircleOfLinksEnds) {
    fs::create_symlink("b", here + "/a");
    fs::create_symlink("a", here + "/b");
    EXPECT_EQ(folders_on_the_way_to(here + "/a"), (Folders{here}));
}

struct FolderWatchTest : WayTo {
    Loop loop;
    int changes = 0;
    FolderWatch watch{loop, [this] { ++changes; }};

    /// Whether something has been seen since it was asked last.
    bool seen() {
        const int before = changes;
        loop.run_ready();
        return changes != before;
    }
};

TEST_F(FolderWatchTest, TellsOfWhatIsWrittenMovedAndRemoved) {
    EXPECT_EQ(watch.watch({here}), Folders{});
    EXPECT_FALSE(seen());
    write("a");
    EXPECT_TRUE(seen());
    EXPECT_FALSE(seen());
    fs::rename(here + "/a", here + "/b");
    EXPECT_TRUE(seen());
    fs::remove(here + "/b");
    EXPECT_TRUE(seen());
    std::ifstream(here + "/c").get();
    EXPECT_FALSE(seen());
}

TEST_F(FolderWatchTest, DoesNotTellOfReading) {
    write("a");
    watch.watch({here});
    std::ifstream(here + "/a").get();
    EXPECT_FALSE(seen());
}

TEST_F(FolderWatchTest, WatchesThoseAloneThatItWasToldLast) {
    fs::create_directory(here + "/one");
    fs::create_directory(here + "/two");
    watch.watch({here + "/one"});
    watch.watch({here + "/two"});
    seen();
    write("one/a");
    EXPECT_FALSE(seen());
    write("two/a");
    EXPECT_TRUE(seen());
    watch.watch({});
    seen();
    write("two/b");
    EXPECT_FALSE(seen());
}

TEST_F(FolderWatchTest, SaysWhichCannotBeWatched) {
    write("file");
    EXPECT_EQ(watch.watch({here, here + "/none", here + "/file"}),
              (Folders{here + "/none", here + "/file"}));
}

}  // namespace
}  // namespace protohost::net::testing
