// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <protohost/detail/testing/split.hpp>

namespace protohost::testing {

/// One way to cut an input into pieces.
class Pieces {
public:
    /// For feed_in_pieces().
    explicit Pieces(detail::testing::Split split) : split_(std::move(split)) {}

    /// Gives each piece in turn to a Connection, or to whatever may be called with it.
    template <class Sink>
    void operator()(Sink&& sink) const {
        for (const std::string_view piece : split_.pieces) {
            if constexpr (requires { sink.feed_data(piece); }) {
                sink.feed_data(piece);
            } else {
                sink(piece);
            }
        }
    }

    const std::vector<std::string_view>& pieces() const { return split_.pieces; }

    /// "cut at 5: pieces of 5, 7 bytes"
    std::string text() const {
        constexpr std::size_t most_shown = 32;
        std::string text = split_.name + ": pieces of ";
        for (std::size_t i = 0; i < std::min(split_.pieces.size(), most_shown); ++i) {
            text += (i == 0 ? "" : ", ") + std::to_string(split_.pieces[i].size());
        }
        return text + (split_.pieces.size() > most_shown ? ", ... bytes" : " bytes");
    }
    friend std::ostream& operator<<(std::ostream& out, const Pieces& pieces) {
        return out << pieces.text();
    }

private:
    detail::testing::Split split_;
};

/// Which ways feed_in_pieces() tries, beside whole and byte by byte.
struct PiecesSettings {
    std::size_t every_cut_up_to = 512;  ///< inputs of so many bytes are cut in two at every place
    std::size_t random_splits = 100;
    std::uint64_t seed = 1;
};

/// A way of cutting the input changed the outcome, or made `play` throw: what() says which.
class PiecesError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A protocol must give the same answers however the network cuts its input. This plays one input
/// whole, byte by byte, cut in two at every place, and cut at random; each time `play` makes a
/// fresh protocol, feeds it, and returns what came out of it. Returns the common outcome, so that
/// one assertion says both what it is and that it is always the same:
///
///     EXPECT_EQ(feed_in_pieces("hello\nworld\n", [](const auto& feed) {
///         Host host;
///         Connection connection(host, std::make_unique<Shout>("!"));
///         feed(connection);
///         return connection.written();
///     }), "HELLO!\nWORLD!\n");
///
/// Throws PiecesError where an outcome differs from that of the whole input, or `play` throws. A
/// `play` that asserts by itself returns nothing, and tells the framework which way it was:
/// `SCOPED_TRACE(feed)`.
template <class Play>
auto feed_in_pieces(std::string_view input, Play play, const PiecesSettings& settings = {}) {
    using Outcome = std::invoke_result_t<Play&, const Pieces&>;
    std::vector<std::string_view> all;
    if (!input.empty()) all.push_back(input);
    const Pieces whole({"whole", std::move(all)});
    const auto played = [&](const Pieces& pieces) -> Outcome {
        try {
            return play(pieces);
        } catch (const std::exception& exception) {
            throw PiecesError(pieces.text() + ": " + exception.what());
        }
    };
    const auto ways = detail::testing::ways_to_cut(
        input, settings.every_cut_up_to, settings.random_splits, settings.seed);
    if constexpr (std::is_void_v<Outcome>) {
        played(whole);
        for (const auto& way : ways) played(Pieces(way));
    } else {
        const std::decay_t<Outcome> expected = played(whole);
        for (const auto& way : ways) {
            const Pieces pieces(way);
            const std::decay_t<Outcome> outcome = played(pieces);
            if (outcome == expected) continue;
            throw PiecesError(pieces.text() + ": the outcome" + detail::testing::shown(outcome) +
                              " is not that of the whole input" + detail::testing::shown(expected));
        }
        return expected;
    }
}

}  // namespace protohost::testing
