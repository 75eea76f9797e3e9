// SPDX-License-Identifier: MIT
#include "daemon/model/quantity.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace protohost::model {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr std::uint64_t ki = 1024;
constexpr std::array size_units{Unit{"", 1},
                                Unit{"B", 1},
                                Unit{"KiB", ki},
                                Unit{"MiB", ki* ki},
                                Unit{"GiB", ki* ki* ki},
                                Unit{"TiB", ki* ki* ki* ki},
                                Unit{"kB", 1'000},
                                Unit{"KB", 1'000},
                                Unit{"MB", 1'000'000},
                                Unit{"GB", 1'000'000'000},
                                Unit{"TB", 1'000'000'000'000}};

constexpr std::array duration_units{Unit{"ns", 1},
                                    Unit{"us", 1'000},
                                    Unit{"ms", 1'000'000},
                                    Unit{"s", 1'000'000'000},
                                    Unit{"m", 60'000'000'000},
                                    Unit{"h", 3'600'000'000'000},
                                    Unit{"d", 86'400'000'000'000}};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Takes the leading digits off `rest`. There may be none.
std::string_view take_digits(std::string_view& rest) {
    std::size_t n = 0;
    while (n < rest.size() && is_digit(rest[n])) ++n;
    const std::string_view digits = rest.substr(0, n);
    rest.remove_prefix(n);
    return digits;
}

template <class Integer>
std::optional<Integer> whole(std::string_view digits, int base = 10) {
    Integer value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, problem] = std::from_chars(digits.data(), end, value, base);
    if (problem != std::errc{} || stop != end) return std::nullopt;
    return value;
}

std::optional<std::uint64_t> multiply(std::uint64_t a, std::uint64_t b) {
    std::uint64_t product = 0;
    if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
    return product;
}

template <std::size_t N>
const Unit* find_unit(const std::array<Unit, N>& units, std::string_view name) {
    for (const Unit& unit : units) {
        if (unit.name == name) return &unit;
    }
    return nullptr;
}

template <std::size_t N>
std::vector<std::string_view> names_of(const std::array<Unit, N>& units) {
    std::vector<std::string_view> names;
    names.reserve(N);
    for (const Unit& unit : units) names.push_back(unit.name);
    return names;
}

/// The digits behind the point as a share of `factor`; nullopt where it is no whole number.
std::optional<std::uint64_t> share(std::string_view digits, std::uint64_t factor) {
    std::uint64_t sum = 0;
    for (const char digit : digits) {
        const auto value = static_cast<std::uint64_t>(digit - '0');
        if (value != 0 && factor % 10 != 0) return std::nullopt;
        factor /= 10;
        sum += value * factor;
    }
    return sum;
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
    const auto count = whole<std::uint64_t>(take_digits(text));
    const Unit* const unit = find_unit(size_units, text);
    if (!count || unit == nullptr) return std::nullopt;
    return multiply(*count, unit->factor);
}

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    if (text == "0") return std::chrono::nanoseconds(0);
    const auto count = whole<std::uint64_t>(take_digits(text));
    if (!count) return std::nullopt;
    std::string_view fraction;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        fraction = take_digits(text);
        if (fraction.empty()) return std::nullopt;
    }
    const Unit* const unit = find_unit(duration_units, text);
    if (unit == nullptr) return std::nullopt;
    const auto main = multiply(*count, unit->factor);
    const auto rest = share(fraction, unit->factor);
    constexpr auto most = static_cast<std::uint64_t>(std::chrono::nanoseconds::max().count());
    if (!main || !rest || *main > most || *rest > most - *main) return std::nullopt;
    return std::chrono::nanoseconds(static_cast<std::int64_t>(*main + *rest));
}

std::vector<std::string_view> size_unit_names() {
    return names_of(size_units);
}

std::vector<std::string_view> duration_unit_names() {
    return names_of(duration_units);
}

std::optional<bool> parse_boolean(std::string_view text) {
    if (text == "true" || text == "True" || text == "TRUE") return true;
    if (text == "false" || text == "False" || text == "FALSE") return false;
    return std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
    // Octal and hexadecimal take no sign in YAML 1.2.
    for (const auto& [prefix, base] : {std::pair{"0x", 16}, std::pair{"0o", 8}}) {
        if (!text.starts_with(prefix)) continue;
        text.remove_prefix(2);
        if (text.starts_with('-')) return std::nullopt;
        return whole<std::int64_t>(text, base);
    }
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) return std::nullopt;
    }
    return whole<std::int64_t>(text);
}

std::optional<double> parse_number(std::string_view text) {
    if (const auto integer = parse_integer(text)) return static_cast<double>(*integer);
    const bool sign = text.starts_with('+') || text.starts_with('-');
    // from_chars also reads "inf" and "nan", which no setting can mean.
    const std::string_view magnitude = text.substr(sign ? 1 : 0);
    if (magnitude.empty() || (!is_digit(magnitude[0]) && magnitude[0] != '.')) return std::nullopt;
    if (text.starts_with('+')) text = magnitude;
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, value);
    if (problem != std::errc{} || stop != end || !std::isfinite(value)) return std::nullopt;
    return value;
}

std::string format_size(std::uint64_t bytes) {
    for (const std::string_view name : {"TiB", "GiB", "MiB", "KiB"}) {
        const std::uint64_t factor = find_unit(size_units, name)->factor;
        if (bytes != 0 && bytes % factor == 0) {
            return std::to_string(bytes / factor) + std::string(name);
        }
    }
    return std::to_string(bytes);
}

std::string format_duration(std::chrono::nanoseconds duration) {
    const std::int64_t count = duration.count();
    if (count == 0) return "0";
    for (auto unit = duration_units.rbegin(); unit != duration_units.rend(); ++unit) {
        const auto factor = static_cast<std::int64_t>(unit->factor);
        if (count % factor == 0) return std::to_string(count / factor) + std::string(unit->name);
    }
    return {};  // not reached: everything is a whole number of nanoseconds
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    // Long words are never a slip of each other; this keeps the work bounded.
    constexpr std::size_t longest = 128;
    if (a.size() > longest || b.size() > longest) return std::max(a.size(), b.size());
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> above(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        before.swap(above);
        above.swap(row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + change});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
        }
    }
    return row[b.size()];
}

}  // namespace protohost::model
