// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>

// What the texts of an option's value mean, exactly as in the daemon's configuration.

namespace protohost::detail::testing {

struct UnitOfMeasure {
    std::string_view name;
    std::uint64_t factor;
};

inline constexpr std::array size_units{UnitOfMeasure{"", 1},
                                       UnitOfMeasure{"B", 1},
                                       UnitOfMeasure{"KiB", std::uint64_t{1} << 10},
                                       UnitOfMeasure{"MiB", std::uint64_t{1} << 20},
                                       UnitOfMeasure{"GiB", std::uint64_t{1} << 30},
                                       UnitOfMeasure{"TiB", std::uint64_t{1} << 40},
                                       UnitOfMeasure{"kB", 1'000},
                                       UnitOfMeasure{"KB", 1'000},
                                       UnitOfMeasure{"MB", 1'000'000},
                                       UnitOfMeasure{"GB", 1'000'000'000},
                                       UnitOfMeasure{"TB", 1'000'000'000'000}};

inline constexpr std::array duration_units{UnitOfMeasure{"ns", 1},
                                           UnitOfMeasure{"us", 1'000},
                                           UnitOfMeasure{"ms", 1'000'000},
                                           UnitOfMeasure{"s", 1'000'000'000},
                                           UnitOfMeasure{"m", 60'000'000'000},
                                           UnitOfMeasure{"h", 3'600'000'000'000},
                                           UnitOfMeasure{"d", 86'400'000'000'000}};

template <std::size_t N>
std::optional<std::uint64_t> factor_of(const std::array<UnitOfMeasure, N>& units,
                                       std::string_view name) {
    for (const UnitOfMeasure& unit : units) {
        if (unit.name == name) return unit.factor;
    }
    return std::nullopt;
}

/// Takes the leading digits off `rest`. There may be none.
inline std::string_view take_digits(std::string_view& rest) {
    const std::size_t end = std::min(rest.find_first_not_of("0123456789"), rest.size());
    const std::string_view digits = rest.substr(0, end);
    rest.remove_prefix(end);
    return digits;
}

template <class Number>
std::optional<Number> read_all(std::string_view text, auto... base) {
    Number value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, value, base...);
    if (problem != std::errc{} || stop != end) return std::nullopt;
    return value;
}

inline std::optional<std::uint64_t> parse_size(std::string_view text) {
    const auto count = read_all<std::uint64_t>(take_digits(text));
    const auto factor = factor_of(size_units, text);
    std::uint64_t size = 0;
    if (!count || !factor || __builtin_mul_overflow(*count, *factor, &size)) return std::nullopt;
    return size;
}

/// In nanoseconds; a fraction only where it is a whole number of them.
inline std::optional<std::uint64_t> parse_duration(std::string_view text) {
    if (text == "0") return 0;
    const auto count = read_all<std::uint64_t>(take_digits(text));
    std::string_view fraction;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        fraction = take_digits(text);
        if (fraction.empty()) return std::nullopt;
    }
    const auto factor = factor_of(duration_units, text);
    std::uint64_t sum = 0;
    if (!count || !factor || __builtin_mul_overflow(*count, *factor, &sum)) return std::nullopt;
    std::uint64_t share = *factor;
    for (const char digit : fraction) {
        if (digit != '0' && share % 10 != 0) return std::nullopt;
        share /= 10;
        if (__builtin_add_overflow(sum, share * static_cast<unsigned>(digit - '0'), &sum)) {
            return std::nullopt;
        }
    }
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return sum <= most ? std::optional(sum) : std::nullopt;
}

inline std::optional<bool> parse_boolean(std::string_view text) {
    if (text == "true" || text == "True" || text == "TRUE") return true;
    if (text == "false" || text == "False" || text == "FALSE") return false;
    return std::nullopt;
}

inline std::optional<std::int64_t> parse_integer(std::string_view text) {
    const int base = text.starts_with("0x") ? 16 : text.starts_with("0o") ? 8 : 10;
    const bool unsigned_only = base != 10 || text.starts_with('+');
    text.remove_prefix(base != 10 ? 2 : text.starts_with('+') ? 1 : 0);
    if (unsigned_only && text.starts_with('-')) return std::nullopt;
    return read_all<std::int64_t>(text, base);
}

inline std::optional<double> parse_number(std::string_view text) {
    if (const auto integer = parse_integer(text)) return static_cast<double>(*integer);
    const bool plus = text.starts_with('+');
    const std::string_view magnitude = text.substr(plus || text.starts_with('-') ? 1 : 0);
    if (magnitude.empty() || std::string_view("0123456789.").find(magnitude[0]) == magnitude.npos) {
        return std::nullopt;  // from_chars also reads "inf" and "nan"
    }
    const auto value = read_all<double>(plus ? magnitude : text);
    return value && std::isfinite(*value) ? value : std::nullopt;
}

}  // namespace protohost::detail::testing
