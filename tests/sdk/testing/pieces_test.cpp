// SPDX-License-Identifier: MIT
#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <protohost/testing.hpp>

namespace protohost::testing {
namespace {

using Sizes = std::vector<std::size_t>;

/// The sizes of the pieces of every way that is tried.
std::vector<Sizes> ways(std::string_view input, const PiecesSettings& settings = {}) {
    std::vector<Sizes> all;
    feed_in_pieces(
        input,
        [&](const Pieces& feed) {
            Sizes sizes;
            std::string joined;
            feed([&](std::string_view piece) {
                sizes.push_back(piece.size());
                joined += piece;
            });
            EXPECT_EQ(joined, input);
            all.push_back(sizes);
        },
        settings);
    return all;
}

TEST(FeedInPieces, TriesTheWholeThenEachByteThenEveryCutThenRandomSplits) {
    const auto all = ways("abcd", {.random_splits = 5});
    ASSERT_EQ(all.size(), 1u + 1u + 3u + 5u);
    EXPECT_EQ(all[0], Sizes{4});
    EXPECT_EQ(all[1], (Sizes{1, 1, 1, 1}));
    EXPECT_EQ(all[2], (Sizes{1, 3}));
    EXPECT_EQ(all[3], (Sizes{2, 2}));
    EXPECT_EQ(all[4], (Sizes{3, 1}));
}

TEST(FeedInPieces, SplitsTheSameWayForTheSameSeedOnly) {
    const std::string input(1000, 'x');
    const PiecesSettings first{.every_cut_up_to = 0, .seed = 7};
    const PiecesSettings second{.every_cut_up_to = 0, .seed = 8};
    EXPECT_EQ(ways(input, first), ways(input, first));
    EXPECT_NE(ways(input, first), ways(input, second));
}

TEST(FeedInPieces, CutsLongInputsAtEveryPlaceOnlyWhereItIsTold) {
    const std::string input(1000, 'x');
    EXPECT_EQ(ways(input, {.random_splits = 3}).size(), 2u + 3u);
    EXPECT_EQ(ways(input, {.every_cut_up_to = 1000, .random_splits = 3}).size(), 2u + 999u + 3u);
}

TEST(FeedInPieces, FeedsNothingWhereThereIsNothing) {
    EXPECT_EQ(ways(""), (std::vector<Sizes>{Sizes{}}));
    EXPECT_EQ(ways("x"), (std::vector<Sizes>{Sizes{1}}));
}

TEST(FeedInPieces, ReturnsTheCommonOutcome) {
    const std::string outcome = feed_in_pieces("some input", [](const Pieces& feed) {
        std::string joined;
        feed([&](std::string_view piece) { joined += piece; });
        return joined;
    });
    EXPECT_EQ(outcome, "some input");
}

/// What feed_in_pieces complains about.
template <class Play>
std::string complaint(std::string_view input, Play play) {
    try {
        feed_in_pieces(input, play);
    } catch (const PiecesError& error) {
        return error.what();
    }
    return "none";
}

TEST(FeedInPieces, SaysWhichWayGaveAnotherOutcome) {
    const auto count_pieces_up_to_two = [](const Pieces& feed) {
        std::size_t count = 0;
        feed([&](std::string_view) { ++count; });
        return std::min<std::size_t>(count, 2);
    };
    EXPECT_EQ(complaint("abc", count_pieces_up_to_two),
              "byte by byte: pieces of 1, 1, 1 bytes: the outcome (2) is not that of the whole "
              "input (1)");
}

TEST(FeedInPieces, SaysWhichWayWasPlayedWhenSomethingWasThrown) {
    const auto throws_when_cut = [](const Pieces& feed) {
        if (feed.pieces().size() == 2) throw std::runtime_error("too short");
    };
    EXPECT_EQ(complaint("abc", throws_when_cut), "cut at 1: pieces of 1, 2 bytes: too short");
}

}  // namespace
}  // namespace protohost::testing
