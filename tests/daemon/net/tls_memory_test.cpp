// SPDX-License-Identifier: MIT
#include "daemon/net/tls_memory.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <thread>

#include <gtest/gtest.h>
#include <openssl/crypto.h>

namespace protohost::net::testing {
namespace {

TEST(TlsMemory, GivesOutWhatWasGivenBackLastToWhomItIsLargeEnough) {
    TlsMemory memory;
    void* const first = std::malloc(1000);
    void* const second = std::malloc(1000);
    ASSERT_TRUE(memory.keep(first));
    ASSERT_TRUE(memory.keep(second));
    EXPECT_GE(memory.bytes(), 2000u);
    EXPECT_EQ(memory.take(2000), nullptr);
    EXPECT_EQ(memory.take(100), nullptr);
    EXPECT_EQ(memory.take(1000), second);
    EXPECT_EQ(memory.take(1000), first);
    EXPECT_EQ(memory.take(1000), nullptr);
    EXPECT_EQ(memory.bytes(), 0u);
    std::free(first);
    std::free(second);
}

// With the address sanitizer, writing all of it shows that each piece has what was asked for.
TEST(TlsMemory, NoPieceIsSmallerThanWhatWasAskedFor) {
    TlsMemory memory;
    for (std::size_t kept = 1; kept < 500; ++kept) {
        void* const piece = std::malloc(kept);
        if (!memory.keep(piece)) {
            std::free(piece);
            continue;
        }
        for (std::size_t asked = kept + 64; asked-- > 0;) {
            void* const taken = memory.take(asked);
            if (taken == nullptr) continue;
            std::memset(taken, 0xff, asked);
            std::free(taken);
            break;
        }
        EXPECT_EQ(memory.bytes(), 0u) << kept;
    }
}

TEST(TlsMemory, HoldsABoundedAmountAndNothingLarge) {
    TlsMemory memory;
    void* const large = std::malloc(TlsMemory::largest_piece + 4096);
    EXPECT_FALSE(memory.keep(large));
    std::free(large);
    const std::size_t size = 16 * 1024;
    const std::size_t many = 2 * TlsMemory::most_bytes / size;
    std::size_t most = 0;
    for (std::size_t i = 0; i < many; ++i) {
        ASSERT_TRUE(memory.keep(std::malloc(size)));
        EXPECT_LE(memory.bytes(), TlsMemory::most_bytes);
        most = std::max(most, memory.bytes());
    }
    EXPECT_GT(most, TlsMemory::most_bytes / 2);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

void be_served() {
    ASSERT_TRUE(TlsMemory::serve_openssl());
    void* kept = nullptr;
    {
        TlsMemory memory;
        OPENSSL_free(OPENSSL_malloc(1000));
        EXPECT_GE(memory.bytes(), 1000u);
        void* const piece = OPENSSL_malloc(1000);
        EXPECT_EQ(memory.bytes(), 0u);
        kept = OPENSSL_realloc(piece, 3000);
        std::thread([] { OPENSSL_free(OPENSSL_malloc(500)); }).join();
        OPENSSL_free(nullptr);
        EXPECT_EQ(memory.bytes(), 0u);
    }
    OPENSSL_free(kept);
    OPENSSL_free(OPENSSL_malloc(1000));
}

TEST(TlsMemory, OpensslIsServedOnTheThreadThatHasOne) {
    // In a process of its own, where nothing has used OpenSSL before.
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        (be_served(), std::exit(::testing::Test::HasFailure())), ::testing::ExitedWithCode(0), "");
}

TEST(TlsMemory, WhatOpensslHasTakenElsewhereIsNotGivenBackHere) {
    OPENSSL_free(OPENSSL_malloc(1000));
    EXPECT_FALSE(TlsMemory::serve_openssl());
    TlsMemory memory;
    OPENSSL_free(OPENSSL_malloc(1000));
    EXPECT_EQ(memory.bytes(), 0u);
}

#endif

}  // namespace
}  // namespace protohost::net::testing
