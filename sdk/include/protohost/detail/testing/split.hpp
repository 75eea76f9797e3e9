// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace protohost::detail::testing {

/// One way to cut an input.
struct Split {
    std::string name;
    std::vector<std::string_view> pieces;
};

inline Split byte_by_byte(std::string_view input) {
    Split split{"byte by byte", {}};
    for (std::size_t i = 0; i < input.size(); ++i) split.pieces.push_back(input.substr(i, 1));
    return split;
}

/// Small pieces and large ones are equally likely.
inline Split cut_at_random(std::string_view input, std::size_t number, std::mt19937_64& random) {
    Split split{"random split " + std::to_string(number), {}};
    const std::size_t longest = 1 + random() % input.size();
    for (std::string_view rest = input; !rest.empty();) {
        const std::size_t size = std::min<std::size_t>(1 + random() % longest, rest.size());
        split.pieces.push_back(rest.substr(0, size));
        rest.remove_prefix(size);
    }
    return split;
}

/// All but the whole.
inline std::vector<Split> ways_to_cut(std::string_view input,
                                      std::size_t every_cut_up_to,
                                      std::size_t random_splits,
                                      std::uint64_t seed) {
    std::vector<Split> ways;
    if (input.size() < 2) return ways;
    ways.push_back(byte_by_byte(input));
    if (input.size() <= every_cut_up_to) {
        for (std::size_t at = 1; at < input.size(); ++at) {
            ways.push_back(
                {"cut at " + std::to_string(at), {input.substr(0, at), input.substr(at)}});
        }
    }
    std::mt19937_64 random(seed);
    for (std::size_t i = 0; i < random_splits; ++i) ways.push_back(cut_at_random(input, i, random));
    return ways;
}

/// " (as it prints)", or nothing where it does not.
template <class T>
std::string shown(const T& value) {
    if constexpr (requires(std::ostream & out) { out << value; }) {
        std::ostringstream out;
        out << value;
        return " (" + out.str() + ')';
    } else {
        return {};
    }
}

}  // namespace protohost::detail::testing
