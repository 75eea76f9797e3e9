// SPDX-License-Identifier: MIT
#include "daemon/base/digest.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace protohost::base {
namespace {

std::string digest_of(std::string_view text) {
    return sha256(std::as_bytes(std::span(text)));
}

// The examples of FIPS 180-2, and what sha256sum prints for nothing.
TEST(Digest, IsWhatSha256sumPrints) {
    EXPECT_EQ(digest_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(digest_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(digest_of(std::string(1'000'000, 'a')),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Digest, IsInLowerCaseHexadecimal) {
    EXPECT_EQ(hexadecimal(std::as_bytes(std::span(std::string_view("\x00\x0f\xa0\xff", 4)))),
              "000fa0ff");
    EXPECT_EQ(hexadecimal({}), "");
}

}  // namespace
}  // namespace protohost::base
