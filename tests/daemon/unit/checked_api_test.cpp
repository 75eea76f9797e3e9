// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstring>
#include <thread>

#include <gtest/gtest.h>

#include "daemon/unit/checked_transport_api.hpp"
#include "daemon/unit/context.hpp"
#include "daemon/unit/transport_api.hpp"

namespace protohost::unit {
namespace {

// Whoever adds an entry to the table, and not here, finds that it is not checked.
TEST(CheckedTransportApi, ChecksEveryEntry) {
    const ph_transport_api plain = transport_api();
    const ph_transport_api checked = checked_transport_api();
    ASSERT_EQ(plain.size, checked.size);
    for (std::size_t at = offsetof(ph_transport_api, close); at < plain.size; at += sizeof(void*)) {
        EXPECT_NE(std::memcmp(reinterpret_cast<const std::byte*>(&plain) + at,
                              reinterpret_cast<const std::byte*>(&checked) + at,
                              sizeof(void*)),
                  0)
            << at;
    }
}

TEST(CheckedTransportApi, DoesNothingOnAnotherThread) {
    net::Loop loop;
    ph_ctx context(loop, "guest", "listener web");
    const ph_transport_api checked = checked_transport_api();
    // No call may look at it.
    auto* const nowhere = reinterpret_cast<ph_transport*>(1);
    bool released = false;
    std::thread([&] {
        EXPECT_EQ(checked.write(&context, nowhere, "x", 1), PH_E_WRONG_THREAD);
        EXPECT_EQ(checked.write_owned(
                      &context,
                      nowhere,
                      {"x", 1},
                      [](void* done) { *static_cast<bool*>(done) = true; },
                      &released),
                  PH_E_WRONG_THREAD);
        EXPECT_EQ(checked.deref(&context, 1), nullptr);
        std::size_t low = 1;
        std::size_t high = 1;
        checked.get_write_buffer_limits(&context, nowhere, &low, &high);
        EXPECT_EQ(low + high, 0U);
        checked.close(&context, nowhere);
    }).join();
    EXPECT_TRUE(released);
    EXPECT_EQ(checked.write(&context, nowhere, "x", 1), PH_E_CLOSED) << "on the loop it is stale";
}

}  // namespace
}  // namespace protohost::unit
