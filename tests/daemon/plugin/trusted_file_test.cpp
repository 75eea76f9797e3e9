// SPDX-License-Identifier: MIT
#include "daemon/plugin/trusted_file.hpp"

#include <array>
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

class TrustedFile : public ::testing::Test {
protected:
    std::string refusal(const std::string& path, std::span<const uid_t> owners = {}) {
        return text(read_trusted_file(path, owners));
    }

    TemporaryFolder folder_;
    std::string file_ = write_bytes(folder_ / "x.so", Bytes(100000, std::byte{'x'}));
};

TEST_F(TrustedFile, IsReadWhole) {
    EXPECT_EQ(read_trusted_file(file_, {}).value(), Bytes(100000, std::byte{'x'}));
}

TEST_F(TrustedFile, MayBeReachedThroughALink) {
    ASSERT_EQ(::symlink(file_.c_str(), (folder_ / "link.so").c_str()), 0);
    EXPECT_EQ(read_trusted_file(folder_ / "link.so", {}).value().size(), 100000U);
}

TEST_F(TrustedFile, MustExist) {
    EXPECT_EQ(refusal(folder_ / "y.so"), (folder_ / "y.so") + ": no such file\n");
    ASSERT_EQ(::symlink("y.so", (folder_ / "dangling.so").c_str()), 0);
    EXPECT_EQ(refusal(folder_ / "dangling.so"), (folder_ / "dangling.so") + ": no such file\n");
}

TEST_F(TrustedFile, MustBeARegularFile) {
    EXPECT_EQ(refusal(folder_.path()), folder_.path() + ": not a regular file\n");
    ASSERT_EQ(::mkfifo((folder_ / "fifo.so").c_str(), 0700), 0);
    EXPECT_EQ(refusal(folder_ / "fifo.so"), (folder_ / "fifo.so") + ": not a regular file\n");
}

TEST_F(TrustedFile, MustNotBeWritableByOthers) {
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

TEST_F(TrustedFile, MustNotBeInAFolderThatOthersMayWrite) {
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

TEST_F(TrustedFile, MustBelongToATrustedUser) {
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

TEST_F(TrustedFile, ChecksWhatALinkPointsToAndNotTheLink) {
    const TemporaryFolder other;
    ASSERT_EQ(::symlink(file_.c_str(), (other / "link.so").c_str()), 0);
    ASSERT_EQ(::chmod(folder_.path().c_str(), 0777), 0);
    EXPECT_EQ(refusal(other / "link.so"),
              (other / "link.so") + ": its folder " + folder_.path() +
                  " can be written by others than its owner (mode "
                  "0777) (chmod go-w " +
                  folder_.path() + ")\n");
}

}  // namespace
}  // namespace protohost::plugin
