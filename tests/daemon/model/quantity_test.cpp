// SPDX-License-Identifier: MIT
#include "daemon/model/quantity.hpp"

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace protohost::model {
namespace {

using namespace std::chrono_literals;
constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();

TEST(ParseSize, ReadsBinaryAndDecimalUnits) {
    EXPECT_EQ(parse_size("0"), 0U);
    EXPECT_EQ(parse_size("512"), 512U);
    EXPECT_EQ(parse_size("512B"), 512U);
    EXPECT_EQ(parse_size("64KiB"), 65536U);
    EXPECT_EQ(parse_size("16MiB"), 16777216U);
    EXPECT_EQ(parse_size("1GiB"), 1073741824U);
    EXPECT_EQ(parse_size("1TiB"), 1099511627776U);
    EXPECT_EQ(parse_size("64KB"), 64000U);
    EXPECT_EQ(parse_size("64kB"), 64000U);
    EXPECT_EQ(parse_size("1MB"), 1000000U);
    EXPECT_EQ(parse_size("1GB"), 1000000000U);
    EXPECT_EQ(parse_size("18446744073709551615"), largest);
}

TEST(ParseSize, RefusesEverythingElse) {
    for (const char* text : {"",
                             "KiB",
                             "-1",
                             "+1",
                             "1.5KiB",
                             "64K",
                             "64k",
                             "64 KiB",
                             " 64",
                             "64KiB ",
                             "0x10",
                             "64kib",
                             "18446744073709551616",
                             "18014398509481984KiB"}) {
        EXPECT_EQ(parse_size(text), std::nullopt) << text;
    }
}

TEST(ParseDuration, ReadsEveryUnitAndFractions) {
    EXPECT_EQ(parse_duration("0"), 0ns);
    EXPECT_EQ(parse_duration("5ns"), 5ns);
    EXPECT_EQ(parse_duration("10us"), 10us);
    EXPECT_EQ(parse_duration("250ms"), 250ms);
    EXPECT_EQ(parse_duration("30s"), 30s);
    EXPECT_EQ(parse_duration("5m"), 5min);
    EXPECT_EQ(parse_duration("2h"), 2h);
    EXPECT_EQ(parse_duration("1d"), 24h);
    EXPECT_EQ(parse_duration("1.5s"), 1500ms);
    EXPECT_EQ(parse_duration("0.25h"), 15min);
    EXPECT_EQ(parse_duration("1.000000001s"), 1s + 1ns);
    EXPECT_EQ(parse_duration("1.50000000000000s"), 1500ms);
    EXPECT_EQ(parse_duration("9223372036854775807ns"), std::chrono::nanoseconds::max());
}

TEST(ParseDuration, RefusesEverythingElse) {
    for (const char* text : {"",
                             "s",
                             "30",
                             "-5s",
                             "+5s",
                             "5 s",
                             "1m30s",
                             "soon",
                             "1.s",
                             ".5s",
                             "1.5ns",
                             "1.0000000001s",
                             "5S",
                             "5min",
                             "9223372036854775808ns",
                             "106752d",
                             "99999999999999999999s",
                             "1.5.5s"}) {
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
    }
}

TEST(ParseBoolean, KnowsTheWordsOfYaml12Only) {
    for (const char* text : {"true", "True", "TRUE"}) EXPECT_EQ(parse_boolean(text), true);
    for (const char* text : {"false", "False", "FALSE"}) EXPECT_EQ(parse_boolean(text), false);
    for (const char* text : {"yes", "no", "on", "off", "y", "1", "0", "", "tRue", "true "}) {
        EXPECT_EQ(parse_boolean(text), std::nullopt) << text;
    }
}

TEST(ParseInteger, ReadsTheNotationsOfYaml12) {
    EXPECT_EQ(parse_integer("0"), 0);
    EXPECT_EQ(parse_integer("-7"), -7);
    EXPECT_EQ(parse_integer("+7"), 7);
    EXPECT_EQ(parse_integer("010"), 10) << "a leading zero is not octal";
    EXPECT_EQ(parse_integer("0x1F"), 31);
    EXPECT_EQ(parse_integer("0o17"), 15);
    EXPECT_EQ(parse_integer("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
    for (const char* text : {"",
                             "-",
                             "+",
                             "+-1",
                             "--1",
                             "1.0",
                             "1e3",
                             "1_000",
                             "0x",
                             "0x-1",
                             "-0x1",
                             "0o8",
                             "9223372036854775808",
                             " 1",
                             "1 "}) {
        EXPECT_EQ(parse_integer(text), std::nullopt) << text;
    }
}

TEST(ParseNumber, ReadsIntegersAndDecimals) {
    EXPECT_EQ(parse_number("3"), 3.0);
    EXPECT_EQ(parse_number("-0.5"), -0.5);
    EXPECT_EQ(parse_number("+.5"), 0.5);
    EXPECT_EQ(parse_number("1e3"), 1000.0);
    EXPECT_EQ(parse_number("0x10"), 16.0);
    for (const char* text : {"",
                             "-",
                             ".",
                             "inf",
                             ".inf",
                             "nan",
                             "-nan",
                             ".nan",
                             "1e999",
                             "1,5",
                             "1.5x",
                             "+-1",
                             "0x1.8"}) {
        EXPECT_EQ(parse_number(text), std::nullopt) << text;
    }
}

TEST(FormatSize, ChoosesTheLargestWholeUnitAndParsesBack) {
    EXPECT_EQ(format_size(0), "0");
    EXPECT_EQ(format_size(1000), "1000");
    EXPECT_EQ(format_size(65536), "64KiB");
    EXPECT_EQ(format_size(1536), "1536");
    EXPECT_EQ(format_size(16U << 20U), "16MiB");
    for (const std::uint64_t bytes : {std::uint64_t{1}, std::uint64_t{1} << 40U, largest}) {
        EXPECT_EQ(parse_size(format_size(bytes)), bytes);
    }
}

TEST(FormatDuration, ChoosesTheLargestWholeUnitAndParsesBack) {
    EXPECT_EQ(format_duration(0ns), "0");
    EXPECT_EQ(format_duration(30s), "30s");
    EXPECT_EQ(format_duration(90s), "90s");
    EXPECT_EQ(format_duration(120s), "2m");
    EXPECT_EQ(format_duration(1500ms), "1500ms");
    EXPECT_EQ(format_duration(48h), "2d");
    for (const std::chrono::nanoseconds duration : {1ns, 1001ns, std::chrono::nanoseconds::max()}) {
        EXPECT_EQ(parse_duration(format_duration(duration)), duration);
    }
}

TEST(EditDistance, CountsSlips) {
    EXPECT_EQ(edit_distance("", ""), 0U);
    EXPECT_EQ(edit_distance("http", "http"), 0U);
    EXPECT_EQ(edit_distance("htpp", "http"), 1U) << "one letter for another";
    EXPECT_EQ(edit_distance("hhtp", "http"), 1U);
    EXPECT_EQ(edit_distance("listne", "listen"), 1U) << "swapped";
    EXPECT_EQ(edit_distance("liste", "listen"), 1U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance(std::string(100000, 'a'), "b"), 100000U) << "bounded work";
}

TEST(Nearest, FindsWhatWasMeantAndNothingElse) {
    const std::vector<std::string> words{"listen", "protocol", "options", "log"};
    EXPECT_EQ(nearest("listne", words), "listen");
    EXPECT_EQ(nearest("protcol", words), "protocol");
    EXPECT_EQ(nearest("lo", words), "log");
    EXPECT_EQ(nearest("foo", words), std::nullopt) << "another word, though short";
    EXPECT_EQ(nearest("colour", words), std::nullopt);
    EXPECT_EQ(nearest("", words), std::nullopt);
}

TEST(Nearest, TakesCapitalsForSmallLetters) {
    const std::vector<std::string> words{"listen", "TiB"};
    EXPECT_EQ(nearest("LISTEN", words), "listen");
    EXPECT_EQ(nearest("tib", words), "TiB");
}

TEST(Nearest, FindsTheBeginningOfALongerWord) {
    const std::vector<std::string> words{"log", "listen", "listeners", "to"};
    EXPECT_EQ(nearest("logging", words), "log");
    EXPECT_EQ(nearest("Loging", words), "log");
    EXPECT_EQ(nearest("listeners_of_tcp", words), "listeners") << "the longest";
    EXPECT_EQ(nearest("tomorrow", words), std::nullopt) << "two letters begin too much";
}

}  // namespace
}  // namespace protohost::model
