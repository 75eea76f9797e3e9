// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace protohost::model {

// Each returns nullopt where the text is no such value; the caller knows place and key, and says
// what would have been right.

/// "512", "64KiB", "16MiB", "1GiB" (also KB, MB, GB: powers of ten; TiB, TB). Whole, not negative.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// "250ms", "30s", "5m", "2h", "1d", "10us", "5ns", "0". A unit is required but for 0; "1.5s" is
/// fine, where it is a whole number of nanoseconds.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// YAML 1.2: true and false (True, TRUE, ... too), and nothing else.
std::optional<bool> parse_boolean(std::string_view text);

std::optional<std::int64_t> parse_integer(std::string_view text);
std::optional<double> parse_number(std::string_view text);

/// What may stand behind the number: "", "KiB", ...; "ms", "s", ...
std::vector<std::string_view> size_unit_names();
std::vector<std::string_view> duration_unit_names();

/// The text that parses back to the same value, in the largest unit that fits without a fraction:
/// "64KiB", "30s", "1500ms".
std::string format_size(std::uint64_t bytes);
std::string format_duration(std::chrono::nanoseconds duration);

/// The candidate closest to `word`, if close enough to be meant; for "did you mean". Small and
/// capital letters are the same. Where none is close, the longest that `word` begins with.
template <class Range>
std::optional<std::string> nearest(std::string_view word, const Range& candidates);

/// Levenshtein's, with transpositions counted as one.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// "Log" and "LOG" as "log"; of ASCII.
std::string lower_case(std::string_view text);

template <class Range>
std::optional<std::string> nearest(std::string_view word, const Range& candidates) {
    std::optional<std::string> best;
    // Further away is a different word: one slip in a short word, two in one of six letters.
    std::size_t best_distance = std::max<std::size_t>(word.size() / 3 + 1, 2);
    const std::string written = lower_case(word);
    for (const auto& candidate : candidates) {
        const std::size_t distance = edit_distance(written, lower_case(candidate));
        if (distance < best_distance) {
            best_distance = distance;
            best = std::string(candidate);
        }
    }
    if (best) return best;
    for (const auto& candidate : candidates) {  // "logging" is "log", however many letters follow
        const std::string beginning(candidate);
        const bool longer = beginning.size() >= 3 && (!best || beginning.size() > best->size());
        if (longer && written.starts_with(lower_case(beginning))) best = beginning;
    }
    return best;
}

}  // namespace protohost::model
