// SPDX-License-Identifier: MIT
#include "daemon/base/log_file.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "tests/daemon/base/scratch_folder.hpp"
#include "tests/daemon/base/size_limit.hpp"

namespace protohost::base {
namespace {

using testing::ScratchFolder;
using testing::text_of;

class LogFileTest : public ::testing::Test {
protected:
    std::unique_ptr<LogFile> opened() const {
        auto file = LogFile::open(path_, "log.file");
        EXPECT_TRUE(file) << to_string(file.error().front());
        return std::move(*file);
    }

    const ScratchFolder folder_;
    const std::string path_ = folder_ / "p.log";
};

TEST_F(LogFileTest, IsMadeForItsOwnerAndGroup) {
    const mode_t before = ::umask(0022);
    const auto file = opened();
    ::umask(before);
    struct stat facts {};
    ASSERT_EQ(::stat(path_.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777U, 0640U);
    EXPECT_EQ(file->append("a\n"), 0);
    EXPECT_EQ(file->append("b\n"), 0);
    EXPECT_EQ(text_of(path_), "a\nb\n");
    file->keep();
}

TEST_F(LogFileTest, IsAppendedToWhereItExists) {
    std::ofstream(path_) << "before\n";
    opened()->append("after\n");
    EXPECT_EQ(text_of(path_), "before\nafter\n");
}

TEST_F(LogFileTest, IsGoneAgainWhereItWasMadeInVain) {
    opened();
    EXPECT_FALSE(std::filesystem::exists(path_));
    opened()->keep();
    EXPECT_TRUE(std::filesystem::exists(path_));
    opened();
    EXPECT_TRUE(std::filesystem::exists(path_)) << "it was there before";
}

TEST_F(LogFileTest, GoesOnWhereItWasMovedUntilItIsOpenedAnew) {
    const auto file = opened();
    file->append("1\n");
    std::filesystem::rename(path_, path_ + ".1");
    file->append("2\n");
    EXPECT_FALSE(std::filesystem::exists(path_));
    EXPECT_EQ(file->reopen(), Errors());
    file->append("3\n");
    EXPECT_EQ(text_of(path_ + ".1"), "1\n2\n");
    EXPECT_EQ(text_of(path_), "3\n");
    file->keep();
}

TEST_F(LogFileTest, StaysTheFormerOneWhereTheNextCannotBeOpened) {
    const auto file = opened();
    std::filesystem::rename(path_, path_ + ".1");
    std::filesystem::create_directory(path_);
    const Errors errors = file->reopen();
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(to_string(errors.front()), "cannot append to " + path_ + ": Is a directory");
    file->append("still\n");
    EXPECT_EQ(text_of(path_ + ".1"), "still\n");
    file->keep();
}

TEST_F(LogFileTest, ThatCannotBeOpenedSaysWhyAndWhatToDo) {
    const std::string folder = folder_ / "none";
    const std::string path = folder + "/p.log";
    const std::string says = "p.yaml:1:2: log.file: cannot append to " + path +
                             ": No such file or directory (make the folder " + folder +
                             ", for example with LogsDirectory= of the service)";
    const auto file = LogFile::open(path, "p.yaml:1:2: log.file");
    ASSERT_FALSE(file);
    EXPECT_EQ(to_string(file.error().front()), says);
    EXPECT_EQ(file.error().front().os_errno, ENOENT);
    const Errors rehearsed = LogFile::rehearse(path, "p.yaml:1:2: log.file");
    ASSERT_EQ(rehearsed.size(), 1U);
    EXPECT_EQ(to_string(rehearsed.front()), says);
}

TEST_F(LogFileTest, IsAFileAndNothingElse) {
    ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
    for (const std::string& path : {folder_ / "", folder_ / "fifo", std::string("/dev/null")}) {
        EXPECT_FALSE(LogFile::open(path, {})) << path;
        EXPECT_EQ(LogFile::rehearse(path, {}).size(), 1U) << path;
    }
}

TEST_F(LogFileTest, RehearsalMakesNothing) {
    EXPECT_EQ(LogFile::rehearse(path_, {}), Errors());
    EXPECT_FALSE(std::filesystem::exists(path_));
    std::ofstream(path_) << "before\n";
    EXPECT_EQ(LogFile::rehearse(path_, {}), Errors());
    EXPECT_EQ(text_of(path_), "before\n");
}

TEST_F(LogFileTest, BeginsALineAnewAfterOneThatWasTorn) {
    const auto file = opened();
    {
        const testing::SizeLimit limit(path_, 4);
        EXPECT_EQ(file->append("too long\n"), EFBIG);
    }
    EXPECT_EQ(file->append("whole\n"), 0);
    const std::string text = text_of(path_);
    EXPECT_TRUE(text.ends_with("too \nwhole\n"));
    file->keep();
}

}  // namespace
}  // namespace protohost::base
