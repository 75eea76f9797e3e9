// SPDX-License-Identifier: MIT
#include "daemon/base/log_output.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "tests/daemon/base/fake_service_manager.hpp"
#include "tests/daemon/base/scratch_folder.hpp"
#include "tests/daemon/base/size_limit.hpp"

namespace protohost::base {
namespace {

using FakeJournal = fakes::FakeServiceManager;
using testing::text_of;

class LogOutputTest : public ::testing::Test {
protected:
    static LogLine line(std::string_view message) {
        return {std::chrono::system_clock::time_point{}, Level::warn, "unit", message};
    }
    void write(std::string_view message) { output_.write(line(message)); }

    /// What comes to standard error by it.
    template <class Action>
    static std::string said(const Action& action) {
        ::testing::internal::CaptureStderr();
        action();
        return ::testing::internal::GetCapturedStderr();
    }

    static LogSettings settings(LogFormat log_format, std::string file = {}) {
        LogSettings made;
        made.format = log_format;
        made.file = std::move(file);
        return made;
    }
    void configure(LogFormat log_format) { output_.configure(settings(log_format), nullptr); }
    void use_file(LogFormat log_format = LogFormat::automatic) {
        output_.configure(settings(log_format, file_), std::move(*LogFile::open(file_, {})));
    }

    const testing::ScratchFolder folder_;
    const std::string file_ = folder_ / "p.log";
    std::optional<FakeJournal> journal_{folder_ / "journal"};
    LogOutput output_{JournalSocket(folder_ / "journal")};
    const std::string text_ = "1970-01-01T00:00:00.000Z warn  unit: m\n";
    const std::string entry_ =
        "MESSAGE=m\nPRIORITY=4\nSYSLOG_IDENTIFIER=protohostd\nPROTOHOST_AREA=unit\n";
};

TEST_F(LogOutputTest, IsTextOnStandardErrorUnlessThatIsTheJournals) {
    EXPECT_EQ(said([&] { write("m"); }), text_);
    EXPECT_EQ(journal_->hear(), "");
    output_.set_under_journal(true);
    EXPECT_EQ(said([&] { write("m"); }), "");
    EXPECT_EQ(journal_->hear(), entry_);
}

TEST_F(LogOutputTest, IsWhatTheFormatSaysWhereverStandardErrorGoes) {
    configure(LogFormat::journal);
    EXPECT_EQ(said([&] { write("m"); }), "");
    EXPECT_EQ(journal_->hear(), entry_);
    output_.set_under_journal(true);
    configure(LogFormat::text);
    EXPECT_EQ(said([&] { write("m"); }), text_);
    configure(LogFormat::json);
    EXPECT_TRUE(said([&] { write("m"); }).starts_with("{\"time\":"));
    EXPECT_EQ(journal_->hear(), "");
}

TEST_F(LogOutputTest, IsTextOnStandardErrorWhereTheJournalCannotBeReached) {
    configure(LogFormat::journal);
    journal_.reset();
    EXPECT_EQ(said([&] { write("m"); }), text_);
    std::filesystem::remove(folder_ / "journal");
    EXPECT_EQ(said([&] { write("m"); }), text_);
    journal_.emplace(folder_ / "journal");
    EXPECT_EQ(said([&] { write("m"); }), "");
    EXPECT_EQ(journal_->hear(), entry_);
}

TEST_F(LogOutputTest, IsTheFileAlsoUnderTheJournal) {
    output_.set_under_journal(true);
    use_file();
    EXPECT_EQ(said([&] { write("m"); }), "");
    EXPECT_EQ(text_of(file_), text_);
    EXPECT_EQ(journal_->hear(), "");
    use_file(LogFormat::json);
    write("m");
    EXPECT_NE(text_of(file_).find("\"message\":\"m\""), std::string::npos);
}

TEST_F(LogOutputTest, KeepsTheFileAsLongAsItHasThatName) {
    use_file();
    output_.configure(settings(LogFormat::text, file_), nullptr);
    write("m");
    EXPECT_EQ(text_of(file_), text_);
    configure(LogFormat::text);
    EXPECT_EQ(said([&] { write("m"); }), text_);
    EXPECT_EQ(text_of(file_), text_);
}

TEST_F(LogOutputTest, IsStandardErrorAsLongAsTheFileTakesNothing) {
    use_file();
    const std::string took_over = said([&] {
        const testing::SizeLimit limit(file_, 0);
        write("m");
        write("m");
    });
    EXPECT_EQ(took_over,
              "1970-01-01T00:00:00.000Z error log: cannot write to " + file_ +
                  ": File too large; until it can, what is logged goes to standard error\n" +
                  text_ + text_);
    std::filesystem::resize_file(file_, 0);
    EXPECT_EQ(said([&] { write("m"); }), "");
    EXPECT_EQ(text_of(file_), text_);
    EXPECT_NE(said([&] {
                  const testing::SizeLimit limit(file_, 0);
                  write("m");
              }).find("cannot write to"),
              std::string::npos)
        << "it is news again";
}

TEST_F(LogOutputTest, OpensTheFileAnew) {
    EXPECT_EQ(output_.reopen(), Errors()) << "there is none";
    use_file();
    std::filesystem::rename(file_, file_ + ".1");
    EXPECT_EQ(output_.reopen(), Errors());
    write("m");
    EXPECT_EQ(text_of(file_), text_);
    EXPECT_EQ(text_of(file_ + ".1"), "");
}

TEST_F(LogOutputTest, PrintsALineAsItIsUnlessStandardErrorIsTheJournals) {
    EXPECT_EQ(said([&] { output_.print(line("m")); }), "m\n");
    EXPECT_EQ(journal_->hear(), "");
    output_.set_under_journal(true);
    EXPECT_EQ(said([&] { output_.print(line("m")); }), "");
    EXPECT_EQ(journal_->hear(), entry_);
    journal_.reset();
    EXPECT_EQ(said([&] { output_.print(line("m")); }), "m\n");
}

}  // namespace
}  // namespace protohost::base
