// SPDX-License-Identifier: MIT
#include "daemon/plugin/trusted_file.hpp"

#include <array>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/daemon/plugin/guest_files.hpp"

namespace protohost::plugin {
namespace {

using testing::Bytes;
using testing::TemporaryFolder;
using testing::text;
using testing::write_bytes;

class TrustedFileTest : public ::testing::Test {
protected:
    std::string refusal(const std::string& path, std::span<const uid_t> owners = {}) {
        return text(TrustedFile::open(path, owners));
    }

    TemporaryFolder folder_;
    std::string file_ = write_bytes(folder_ / "x.so", Bytes(100000, std::byte{'x'}));
};

TEST_F(TrustedFileTest, IsReadWhole) {
    EXPECT_EQ(TrustedFile::open(file_, {}).value().read().value(), Bytes(100000, std::byte{'x'}));
}

TEST_F(TrustedFileTest, MayBeReachedThroughALink) {
    ASSERT_EQ(::symlink(file_.c_str(), (folder_ / "link.so").c_str()), 0);
    EXPECT_EQ(TrustedFile::open(folder_ / "link.so", {}).value().read().value().size(), 100000U);
}

TEST_F(TrustedFileTest, MustExist) {
    EXPECT_EQ(refusal(folder_ / "y.so"), (folder_ / "y.so") + ": no such file\n");
    ASSERT_EQ(::symlink("y.so", (folder_ / "dangling.so").c_str()), 0);
    EXPECT_EQ(refusal(folder_ / "dangling.so"), (folder_ / "dangling.so") + ": no such file\n");
}

TEST_F(TrustedFileTest, MustBeARegularFile) {
    EXPECT_EQ(refusal(folder_.path()), folder_.path() + ": not a regular file\n");
    ASSERT_EQ(::mkfifo((folder_ / "fifo.so").c_str(), 0700), 0);
    EXPECT_EQ(refusal(folder_ / "fifo.so"), (folder_ / "fifo.so") + ": not a regular file\n");
}

TEST_F(TrustedFileTest, MustNotBeWritableByOthers) {
    ASSERT_EQ(::chmod(file_.c_str(), 0757), 0);
    EXPECT_EQ(refusal(file_),
              file_ +
                  ": can be written by others than its owner (mode 0757) (chmod "
                  "go-w " +
                  file_ + ")\n");
    ASSERT_EQ(::chmod(file_.c_str(), 0775), 0);
    EXPECT_EQ(refusal(file_),
              file_ +
                  ": can be written by others than its owner (mode 0775) (chmod "
                  "go-w " +
                  file_ + ")\n");
}

TEST_F(TrustedFileTest, MustNotBeInAFolderThatOthersMayWrite) {
    ASSERT_EQ(::chmod(folder_.path().c_str(), 01777), 0);
    ASSERT_EQ(::chmod(file_.c_str(), 0666), 0);
    EXPECT_EQ(refusal(file_),
              file_ + ": can be written by others than its owner (mode 0666) (chmod go-w " + file_ +
                  ")\n" + file_ + ": its folder " + folder_.path() +
                  " can be written by others than its owner (mode 1777) (chmod go-w " +
                  folder_.path() + ")\n");
    ASSERT_EQ(::chmod(file_.c_str(), 0755), 0);
    ASSERT_EQ(::chmod(folder_.path().c_str(), 0770), 0);
    EXPECT_EQ(refusal(file_),
              file_ + ": its folder " + folder_.path() +
                  " can be written by others than its owner (mode 0770) (chmod "
                  "go-w " +
                  folder_.path() + ")\n");
}

TEST_F(TrustedFileTest, MustBelongToATrustedUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
    ASSERT_EQ(::chown(file_.c_str(), 65534, 0), 0);
    ASSERT_EQ(::chown(folder_.path().c_str(), 65533, 0), 0);
    EXPECT_EQ(refusal(file_),
              file_ + ": is owned by uid 65534, not by root (chown root " + file_ + ")\n" + file_ +
                  ": its folder " + folder_.path() +
                  " is owned by uid 65533, not by root (chown root " + folder_.path() + ")\n");
    const std::array<uid_t, 2> owners = {65533, 65534};
    EXPECT_EQ(refusal(file_, owners), "no error\n");
}

TEST_F(TrustedFileTest, ChecksWhatALinkPointsToAndNotTheLink) {
    const TemporaryFolder other;
    ASSERT_EQ(::symlink(file_.c_str(), (other / "link.so").c_str()), 0);
    ASSERT_EQ(::chmod(folder_.path().c_str(), 0777), 0);
    EXPECT_EQ(refusal(other / "link.so"),
              (other / "link.so") + ": its folder " + folder_.path() +
                  " can be written by others than its owner (mode "
                  "0777) (chmod go-w " +
                  folder_.path() + ")\n");
}

TEST_F(TrustedFileTest, IsNotHalfOld) {
    auto file = TrustedFile::open(file_, {}).value();
    std::ofstream(file_, std::ios::binary | std::ios::app) << 'y';
    EXPECT_EQ(text(file.read()),
              file_ +
                  ": was written to while it was read (replace a plugin by install or mv, then try "
                  "again)\n");
}

TEST_F(TrustedFileTest, HasAStampThatSaysWhetherItChanged) {
    FileStamp before = TrustedFile::open(file_, {}).value().stamp();
    EXPECT_FALSE(before.settled) << "it was written a moment ago";
    EXPECT_EQ(before.size, 100000U);
    const FileStamp now = before;
    EXPECT_FALSE(is_unchanged(before, now));
    before.settled = true;
    EXPECT_TRUE(is_unchanged(before, now)) << "what is said of the earlier one counts";
    for (auto member : {&FileStamp::modified, &FileStamp::changed}) {
        FileStamp other = before;
        ++(other.*member);
        EXPECT_FALSE(is_unchanged(before, other));
    }
    FileStamp other = before;
    ++other.inode;
    EXPECT_FALSE(is_unchanged(before, other));
    other = before;
    ++other.device;
    EXPECT_FALSE(is_unchanged(before, other));
    other = before;
    ++other.size;
    EXPECT_FALSE(is_unchanged(before, other));
}

}  // namespace
}  // namespace protohost::plugin
