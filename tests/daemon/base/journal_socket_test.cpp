// SPDX-License-Identifier: MIT
#include "daemon/base/journal_socket.hpp"

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/daemon/base/fake_service_manager.hpp"
#include "tests/daemon/base/scratch_folder.hpp"

namespace protohost::base {
namespace {

using FakeJournal = fakes::FakeServiceManager;
using fakes::Variable;
using testing::ScratchFolder;

TEST(JournalSocket, BringsAnEntryAsItIs) {
    const ScratchFolder folder;
    const FakeJournal journal(folder / "socket");
    JournalSocket socket(folder / "socket");
    EXPECT_TRUE(socket.send("MESSAGE=a\nPRIORITY=6\n"));
    EXPECT_EQ(journal.hear(), "MESSAGE=a\nPRIORITY=6\n");
}

TEST(JournalSocket, SaysWhereThereIsNoJournalAndFindsTheNextOne) {
    const ScratchFolder folder;
    JournalSocket socket(folder / "socket");
    EXPECT_FALSE(socket.send("MESSAGE=nobody hears it\n"));
    auto journal = std::make_unique<FakeJournal>(folder / "socket");
    EXPECT_TRUE(socket.send("MESSAGE=a\n"));
    journal.reset();
    EXPECT_FALSE(socket.send("MESSAGE=nobody hears it\n"));
    std::filesystem::remove(folder / "socket");
    const FakeJournal next(folder / "socket");
    EXPECT_TRUE(socket.send("MESSAGE=b\n"));
    EXPECT_EQ(next.hear(), "MESSAGE=b\n");
}

TEST(JournalSocket, SaysThatAnEntryIsTooLong) {
    const ScratchFolder folder;
    const FakeJournal journal(folder / "socket");
    JournalSocket socket(folder / "socket");
    EXPECT_FALSE(socket.send(std::string(32U << 20U, 'x')));
    EXPECT_EQ(journal.hear(), "");
}

TEST(JournalSocket, OfAPathThatNoSocketCanHaveIsNone) {
    EXPECT_FALSE(JournalSocket('/' + std::string(200, 'x')).send("MESSAGE=a\n"));
}

TEST(JournalStream, IsStandardErrorWhereItIsTheSameFile) {
    struct stat facts {};
    ASSERT_EQ(::fstat(STDERR_FILENO, &facts), 0);
    const std::string device = std::to_string(facts.st_dev);
    const std::string inode = std::to_string(facts.st_ino);
    {
        const Variable variable("JOURNAL_STREAM", device + ':' + inode);
        EXPECT_TRUE(take_journal_stream());
        EXPECT_EQ(std::getenv("JOURNAL_STREAM"), nullptr);
        EXPECT_FALSE(take_journal_stream());
    }
    for (const std::string& other : {device + ":1" + inode,
                                     inode + ':' + device,
                                     inode,
                                     device + ':',
                                     std::string("journal"),
                                     std::string()}) {
        const Variable variable("JOURNAL_STREAM", other);
        EXPECT_FALSE(take_journal_stream()) << other;
        EXPECT_EQ(std::getenv("JOURNAL_STREAM"), nullptr) << other;
    }
}

}  // namespace
}  // namespace protohost::base
