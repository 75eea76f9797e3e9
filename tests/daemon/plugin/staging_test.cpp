// SPDX-License-Identifier: MIT
#include "daemon/plugin/staging.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "daemon/base/digest.hpp"
#include "tests/daemon/plugin/guest_files.hpp"

namespace protohost::plugin {
namespace {

namespace fs = std::filesystem;
using testing::guest_bytes;
using testing::put_guest;
using testing::read_bytes;
using testing::TemporaryFolder;
using testing::text;
using testing::write_bytes;

mode_t mode_of(const std::string& path) {
    struct stat status {};
    ::stat(path.c_str(), &status);
    return status.st_mode & 07777;
}

class Staging : public ::testing::Test {
protected:
    std::unique_ptr<StagingDirectory> create() {
        auto made = StagingDirectory::create(state_);
        EXPECT_TRUE(made) << text(made);
        return std::move(made.value());
    }
    StagedPlugin stage(StagingDirectory& staging, const std::string& source) {
        auto staged = staging.stage(source);
        EXPECT_TRUE(staged) << text(staged);
        return std::move(staged.value());
    }

    TemporaryFolder folder_;
    std::string state_ = folder_ / "var/lib/state";
};

TEST_F(Staging, MakesAPrivateFolderAndRemovesIt) {
    auto staging = create();
    const std::string path = staging->path();
    EXPECT_TRUE(path.starts_with(state_ + "/plugins.")) << path;
    EXPECT_EQ(mode_of(path), 0700U);
    EXPECT_EQ(mode_of(state_), 0700U);
    ASSERT_TRUE(staging->stage(put_guest(folder_, "good")));
    staging.reset();
    EXPECT_FALSE(fs::exists(path));
}

TEST_F(Staging, CopiesUnderANameThatIsNeverUsedAgain) {
    const auto staging = create();
    const std::string source = put_guest(folder_, "good");
    const StagedPlugin first = stage(*staging, source);
    const StagedPlugin second = stage(*staging, source);
    const std::string id = first.identity.build_id.substr(0, 16);
    EXPECT_EQ(first.path, staging->path() + "/good.g1." + id + ".so");
    EXPECT_EQ(second.path, staging->path() + "/good.g2." + id + ".so");
    EXPECT_EQ(first.generation, 1U);
    EXPECT_EQ(second.generation, 2U);
    EXPECT_EQ(first.source, source);
    EXPECT_EQ(mode_of(first.path), 0500U);
    EXPECT_EQ(read_bytes(first.path), guest_bytes("good"));
}

TEST_F(Staging, IsNotTouchedByWhatHappensToTheOriginal) {
    const auto staging = create();
    const std::string source = put_guest(folder_, "good");
    const StagedPlugin staged = stage(*staging, source);
    write_bytes(source, testing::Bytes(10, std::byte{'x'}));
    EXPECT_EQ(read_bytes(staged.path), guest_bytes("good"));
    fs::remove(source);
    EXPECT_EQ(read_bytes(staged.path), guest_bytes("good"));
}

TEST_F(Staging, RefusesWithoutLeavingACopy) {
    const auto staging = create();
    const std::string source = write_bytes(folder_ / "x.so", testing::Bytes(9, std::byte{'x'}));
    EXPECT_EQ(text(staging->stage(source)),
              source + ": not an ELF file (a plugin is a shared object)\n");
    const std::string good = put_guest(folder_, "good");
    ASSERT_EQ(::chmod(good.c_str(), 0777), 0);
    EXPECT_EQ(text(staging->stage(good)),
              good +
                  ": can be written by others than its owner (mode "
                  "0777) (chmod go-w " +
                  good + ")\n");
    EXPECT_EQ(std::distance(fs::directory_iterator(staging->path()), {}), 1) << "the lock alone";
}

TEST_F(Staging, KnowsWhatTheCopyWasMadeOf) {
    const auto staging = create();
    const std::string source = put_guest(folder_, "good");
    StagedPlugin staged = stage(*staging, source);
    EXPECT_EQ(staged.contents.sha256, base::sha256(guest_bytes("good")));
    EXPECT_EQ(read_if_changed(source, staged.contents, {}).value(), std::nullopt);
    put_guest(folder_, "refuses");
    fs::rename(folder_ / "refuses.so", source);
    auto changed = read_if_changed(source, staged.contents, {}).value();
    ASSERT_TRUE(changed);

    const auto next = staging->stage(*changed);
    ASSERT_TRUE(next) << text(next);
    EXPECT_EQ(next->identity.name, "refuses");
    EXPECT_EQ(next->generation, 2U);
    EXPECT_EQ(next->source, source);
    EXPECT_EQ(read_bytes(next->path), guest_bytes("refuses"));
}

TEST_F(Staging, StagesAnEarlierCopyAnew) {
    const auto staging = create();
    const std::string source = put_guest(folder_, "good");
    const StagedPlugin first = stage(*staging, source);
    fs::remove(source);
    const auto again = staging->restage(first);
    ASSERT_TRUE(again) << text(again);
    EXPECT_EQ(again->generation, 2U);
    EXPECT_NE(again->path, first.path);
    EXPECT_EQ(read_bytes(again->path), guest_bytes("good"));
    EXPECT_EQ(again->source, source);
    EXPECT_EQ(again->identity, first.identity);
    EXPECT_EQ(again->contents.sha256, first.contents.sha256);
    EXPECT_EQ(again->contents.stamp, first.contents.stamp);

    ASSERT_EQ(::chmod(first.path.c_str(), 0700), 0);
    write_bytes(first.path, guest_bytes("refuses"));
    EXPECT_EQ(text(staging->restage(first)),
              first.path + ": is no longer the copy that was made\n");
}

TEST_F(Staging, RemovesACopyWithTheLastThatRefersToItUnlessItsCodeIsMapped) {
    const auto staging = create();
    const std::string source = put_guest(folder_, "good");
    auto staged = std::make_unique<StagedPlugin>(stage(*staging, source));
    const std::string path = staged->path;
    auto other = std::make_unique<StagedPlugin>(*staged);
    staged.reset();
    EXPECT_TRUE(fs::exists(path));
    other.reset();
    EXPECT_FALSE(fs::exists(path));

    staged = std::make_unique<StagedPlugin>(stage(*staging, source));
    const std::string mapped = staged->path;
    staged->copy->keep();
    other = std::make_unique<StagedPlugin>(*staged);
    staged.reset();
    other.reset();
    EXPECT_TRUE(fs::exists(mapped));
}

TEST_F(Staging, LetsTwoDaemonsLiveSideBySide) {
    const auto one = create();
    const auto two = create();
    EXPECT_NE(one->path(), two->path());
    EXPECT_TRUE(fs::exists(one->path()));
    const std::string source = put_guest(folder_, "good");
    EXPECT_NE(stage(*one, source).path, stage(*two, source).path);
}

TEST_F(Staging, SweepsWhatDeadProcessesLeftAndNothingElse) {
    const auto living = create();
    // A process that ends without its destructors.
    const pid_t child = ::fork();
    if (child == 0) {
        const auto made = StagingDirectory::create(state_);
        const bool staged = made && made.value()->stage(put_guest(folder_, "good"));
        ::_exit(staged ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
    fs::create_directory(state_ + "/plugins.nolock");
    fs::create_directory(state_ + "/journal");
    write_bytes(state_ + "/plugins.txt", {});
    const auto count = [&] { return std::distance(fs::directory_iterator(state_), {}); };
    EXPECT_EQ(count(), 6) << "lock, living, dead, nolock, journal, plugins.txt";

    const auto next = create();
    EXPECT_EQ(count(), 5) << "lock, living, next, journal, plugins.txt";
    EXPECT_TRUE(fs::exists(living->path()));
    EXPECT_TRUE(fs::exists(next->path()));
    EXPECT_TRUE(fs::exists(state_ + "/journal"));
    EXPECT_TRUE(fs::exists(state_ + "/plugins.txt"));
}

TEST_F(Staging, NamesTheKeyWhereItCannotCreate) {
    write_bytes(folder_ / "file", {});
    EXPECT_EQ(text(StagingDirectory::create(folder_ / "file/state")),
              "state directory " + (folder_ / "file/state") +
                  ": cannot be created: not a directory (set state.directory to another folder)\n");
    EXPECT_EQ(text(StagingDirectory::create(folder_ / "file")),
              "state directory " + (folder_ / "file") +
                  ": is not a directory (set state.directory to another folder)\n");
    EXPECT_EQ(text(StagingDirectory::create("/proc/protohost")),
              "state directory /proc/protohost: cannot be created: no such file or directory (set "
              "state.directory to another folder)\n");
}

TEST_F(Staging, RefusesAStateDirectoryThatOthersMayWrite) {
    fs::create_directories(state_);
    ASSERT_EQ(::chmod(state_.c_str(), 0777), 0);
    EXPECT_EQ(text(StagingDirectory::create(state_)),
              "state directory " + state_ +
                  ": can be written by others than its owner (mode 0777) (chmod go-w " + state_ +
                  ")\n");
    ASSERT_EQ(::chmod(state_.c_str(), 01777), 0);
    EXPECT_EQ(text(StagingDirectory::create(state_)), "no error\n");
}

TEST_F(Staging, RefusesAStateDirectoryOnANoexecMount) {
    fs::create_directories(state_);
    // In a mount namespace of a child's own.
    const pid_t child = ::fork();
    if (child == 0) {
        if (::unshare(CLONE_NEWNS) != 0 ||
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("tmpfs", state_.c_str(), "tmpfs", MS_NOEXEC, "mode=700") != 0) {
            ::_exit(77);
        }
        const auto made = StagingDirectory::create(state_);
        const std::string expected =
            "state directory " + state_ +
            ": is on a filesystem mounted noexec, from which no plugin can be loaded (set "
            "state.directory to a folder on another filesystem)\n";
        ::_exit(text(made) == expected ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "mounting is not allowed here";
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(Staging, MakesRelativePathsAbsolute) {
    const fs::path before = fs::current_path();
    fs::current_path(folder_.path());
    auto staging = StagingDirectory::create("state");
    fs::current_path(before);
    ASSERT_TRUE(staging) << text(staging);
    EXPECT_TRUE(staging.value()->path().starts_with((folder_ / "state") + "/plugins."));
}

}  // namespace
}  // namespace protohost::plugin
