// SPDX-License-Identifier: MIT
#include <algorithm>
#include <ctime>
#include <filesystem>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/base/digest.hpp"
#include "daemon/base/format.hpp"
#include "tests/daemon/config/messages.hpp"
#include "tests/daemon/config/scratch_folder.hpp"

// Loading as a reload does it: beside the loop, of many files, and knowing what has changed.

namespace protohost::config {
namespace {

std::string sha256(const std::string& text) {
    return base::sha256(std::as_bytes(std::span(text)));
}

std::string digest_of(const std::filesystem::path& file) {
    const auto loaded = load_with_source(file);
    EXPECT_TRUE(loaded) << messages_of(file);
    return loaded ? loaded->digest : "";
}

TEST(LoadFiles, TheDigestIsThatOfTheBytesAndTheNames) {
    const ScratchFolder folder;
    const auto file = folder.write("main.yaml", "{}\n");
    EXPECT_EQ(digest_of(file), sha256(sha256("{}\n") + " main.yaml\n"));
    folder.write("conf.d/b.yaml", "log: {level: warn}\n");
    folder.write("conf.d/a.yaml", "log:\n");
    EXPECT_EQ(digest_of(file),
              sha256(sha256("{}\n") + " main.yaml\n" + sha256("log:\n") + " conf.d/a.yaml\n" +
                     sha256("log: {level: warn}\n") + " conf.d/b.yaml\n"));
}

TEST(LoadFiles, TheSameFilesElsewhereHaveTheSameDigest) {
    const ScratchFolder one;
    const ScratchFolder two;
    for (const ScratchFolder* folder : {&one, &two}) {
        folder->write("main.yaml", "{}");
        folder->write("conf.d/a.yaml", "log:");
    }
    EXPECT_EQ(digest_of(one.path() / "main.yaml"), digest_of(two.path() / "main.yaml"));
    two.write("conf.d/a.yaml", "log: # a comment changes nothing but the digest");
    EXPECT_NE(digest_of(one.path() / "main.yaml"), digest_of(two.path() / "main.yaml"));
    two.write("conf.d/a.yaml", "log:");
    EXPECT_EQ(digest_of(one.path() / "main.yaml"), digest_of(two.path() / "main.yaml"));
    std::filesystem::rename(two.path() / "conf.d/a.yaml", two.path() / "conf.d/b.yaml");
    EXPECT_NE(digest_of(one.path() / "main.yaml"), digest_of(two.path() / "main.yaml"));
}

TEST(LoadFiles, AMainFileThatVanishedOrIsEmptyIsNoEmptyConfiguration) {
    const ScratchFolder folder;
    const auto file = folder.write("main.yaml", "");
    folder.write("conf.d/a.yaml", "log: {level: warn}\n");
    const char* const empty =
        "main.yaml: empty: there is no configuration in it (write {} if that is meant)\n";
    EXPECT_EQ(messages_of(file), empty);
    folder.write("main.yaml", "\n# all of it in a comment\n\n");
    EXPECT_EQ(messages_of(file), empty);
    std::filesystem::remove(file);
    EXPECT_EQ(messages_of(file), "main.yaml: cannot be read: no such file or directory\n");
    std::filesystem::create_symlink("gone.yaml", file);
    EXPECT_EQ(messages_of(file), "main.yaml: cannot be read: no such file or directory\n");
}

TEST(LoadFiles, SeveralThreadsMayLoadAtOnce) {
    const ScratchFolder folder;
    std::string text = "listeners:\n";
    for (int i = 0; i < 50; ++i) {
        text += base::format(
            "  l{}: {{listen: 'unix:@{}', protocol: p, options: {{n: {}}}}}\n", i, i, i);
    }
    const auto good = folder.write("good.yaml", text);
    const auto bad = folder.write("bad.yaml", text + "  l7: {}\nlog: {levle: info}\n");
    const auto expected = load(good);
    ASSERT_TRUE(expected);
    const std::string errors = messages_of(bad);
    std::vector<std::thread> threads;
    std::vector<int> right(4);
    for (int& count : right) {
        threads.emplace_back([&] {
            for (int i = 0; i < 20; ++i) {
                const auto loaded = load_with_source(good);
                const bool same = loaded && loaded->configuration == *expected &&
                                  effective(loaded->written).members.size() > 5;
                count += same && messages_of(bad) == errors ? 1 : 0;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(right, std::vector<int>(4, 20));
}

/// What this thread has used, so that others on the machine do not count.
double seconds_to_load(const std::filesystem::path& file) {
    const auto now = [] {
        timespec time{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
    };
    double best = 1e9;
    for (int i = 0; i < 3; ++i) {
        const double start = now();
        const auto loaded = load(file);
        best = std::min(best, now() - start);
        EXPECT_TRUE(loaded) << messages_of(file);
    }
    return best;
}

std::string listener(int number) {
    return base::format("  l{0}: {{listen: 'tcp://127.0.0.1:{0}', protocol: p}}\n", number + 1);
}

std::filesystem::path in_one_file(const ScratchFolder& folder, int count) {
    std::string text = "listeners:\n";
    for (int i = 0; i < count; ++i) text += listener(i);
    return folder.write("main.yaml", text);
}

std::filesystem::path in_many_files(const ScratchFolder& folder, int count) {
    for (int i = 0; i < count; ++i) {
        folder.write(base::format("conf.d/{:05}.yaml", i), "listeners:\n" + listener(i));
    }
    return folder.write("main.yaml", "{}");
}

TEST(LoadFiles, TheTimeGrowsAsTheNumberOfUnitsDoes) {
    for (const auto& lay_out : {in_one_file, in_many_files}) {
        const ScratchFolder few;
        const ScratchFolder many;
        const double small = seconds_to_load(lay_out(few, 200));
        const double large = seconds_to_load(lay_out(many, 6000));
        // Thirty times as many; a search through all units for each unit would make it up to 900.
        EXPECT_LT(large, 50 * small);
    }
}

}  // namespace
}  // namespace protohost::config
