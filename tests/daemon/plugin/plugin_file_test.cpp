// SPDX-License-Identifier: MIT
#include "daemon/plugin/plugin_file.hpp"

#include <chrono>
#include <filesystem>
#include <sys/stat.h>
#include <thread>

#include <gtest/gtest.h>

#include "tests/daemon/plugin/guest_files.hpp"

namespace protohost::plugin {
namespace {

using testing::Bytes;
using testing::TemporaryFolder;
using testing::text;
using testing::write_bytes;

class PluginFileTest : public ::testing::Test {
protected:
    std::string write(char letter) {
        return write_bytes(folder_ / "x.so", Bytes(1000, static_cast<std::byte>(letter)));
    }
    bool changed(Contents& known) {
        const auto found = read_if_changed(file_, known, {});
        EXPECT_TRUE(found) << text(found);
        return found->has_value();
    }
    /// What is known of the file once its times are old enough to be relied on.
    Contents settled() {
        Contents known = read_plugin_file(file_, {}).value().contents;
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (!known.stamp.settled && std::chrono::steady_clock::now() < deadline) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            EXPECT_FALSE(changed(known));
        }
        EXPECT_TRUE(known.stamp.settled);
        return known;
    }

    TemporaryFolder folder_;
    std::string file_ = write('a');
};

TEST_F(PluginFileTest, IsReadWithItsDigest) {
    const PluginFile file = read_plugin_file(file_, {}).value();
    EXPECT_EQ(file.source, file_);
    EXPECT_EQ(file.bytes, Bytes(1000, std::byte{'a'}));
    EXPECT_EQ(file.contents.sha256,
              "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
}

TEST_F(PluginFileTest, IsNotReadAgainWhileItsStampIsTheSame) {
    Contents known = settled();
    known.sha256 = "of other bytes";
    EXPECT_FALSE(changed(known)) << "reading it would have found other bytes";
}

TEST_F(PluginFileTest, OfTheSameBytesIsUnchangedAndReadOnce) {
    Contents known = settled();
    const FileStamp before = known.stamp;
    std::filesystem::remove(file_);
    write('a');
    EXPECT_FALSE(changed(known));
    EXPECT_NE(known.stamp, before);
    EXPECT_FALSE(known.stamp.settled);
}

TEST_F(PluginFileTest, OfOtherBytesComesWithThem) {
    Contents known = read_plugin_file(file_, {}).value().contents;
    const FileStamp before = known.stamp;
    write('b');
    const auto found = read_if_changed(file_, known, {});
    ASSERT_TRUE(found && *found) << text(found);
    EXPECT_EQ((*found)->bytes, Bytes(1000, std::byte{'b'}));
    EXPECT_NE((*found)->contents.sha256, known.sha256);
    EXPECT_EQ(known.stamp, before) << "still what the copy was made of";
}

TEST_F(PluginFileTest, IsFoundChangedHoweverSoon) {
    // The same size, and before Linux 6.13 often the same times: they advance with its tick.
    for (int round = 0; round < 200; ++round) {
        write('a');
        Contents known = read_plugin_file(file_, {}).value().contents;
        write('b');
        ASSERT_TRUE(changed(known)) << round;
    }
}

TEST_F(PluginFileTest, IsCheckedAlsoWhereItsBytesAreTheSame) {
    Contents known = read_plugin_file(file_, {}).value().contents;
    ASSERT_EQ(::chmod(file_.c_str(), 0757), 0);
    EXPECT_EQ(text(read_if_changed(file_, known, {})),
              file_ + ": can be written by others than its owner (mode 0757) (chmod go-w " + file_ +
                  ")\n");
    std::filesystem::remove(file_);
    EXPECT_EQ(text(read_if_changed(file_, known, {})), file_ + ": no such file\n");
}

}  // namespace
}  // namespace protohost::plugin
