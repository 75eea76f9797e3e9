// SPDX-License-Identifier: MIT
#include <array>
#include <thread>

#include <gtest/gtest.h>

#include "daemon/unit/context.hpp"
#include "daemon/unit/host.hpp"
#include "daemon/unit/loop_services.hpp"

namespace protohost::unit {
namespace {

/// What is [loop], called from elsewhere.
class WrongThread : public ::testing::Test {
protected:
    void SetUp() override {
        // Whoever asks it for anything, crashes.
        context_.services = reinterpret_cast<LoopServices*>(nowhere_.data());
    }
    /// What `call` answers on another thread.
    template <class Call>
    auto elsewhere(Call call) {
        decltype(call()) answer{};
        std::thread([&] { answer = call(); }).join();
        return answer;
    }
    static void must_not_be_called(void*) { std::abort(); }

    net::Loop loop_;
    Host host_;
    const ph_loop_api& api_ = *host_.table().loop;
    ph_ctx context_{loop_, "guest", "listener web"};
    alignas(LoopServices) std::array<std::byte, sizeof(LoopServices)> nowhere_{};
    ph_ctx* const ctx_ = &context_;
};

TEST_F(WrongThread, SchedulesNothing) {
    EXPECT_EQ(elsewhere([&] {
                  return api_.call_soon(ctx_, must_not_be_called, must_not_be_called, nullptr);
              }),
              0U);
    EXPECT_EQ(elsewhere([&] {
                  return api_.call_at(ctx_, 0, must_not_be_called, must_not_be_called, nullptr);
              }),
              0U);
    EXPECT_EQ(context_.calls.size(), 0U);
    int called = 0;
    const ph_op op = api_.call_soon(
        ctx_, [](void* count) { ++*static_cast<int*>(count); }, must_not_be_called, &called);
    EXPECT_EQ(elsewhere([&] { return api_.cancel(ctx_, op); }), PH_E_WRONG_THREAD);
    loop_.run_ready();
    EXPECT_EQ(called, 1);
}

TEST_F(WrongThread, AsksForNoService) {
    const ph_open open{};
    const ph_opened opened = [](void*, const ph_error*, ph_transport*) { std::abort(); };
    const ph_serving serving = [](void*, const ph_error*, ph_server*) { std::abort(); };
    const ph_sent sent = [](void*, const ph_error*, std::uint64_t) { std::abort(); };
    for (const auto service : {api_.create_server, api_.create_unix_server}) {
        EXPECT_EQ(elsewhere([&] { return service(ctx_, &open, serving); }), 0U);
    }
    for (const auto service : {api_.create_connection,
                               api_.create_unix_connection,
                               api_.connect_accepted_socket,
                               api_.create_datagram_endpoint,
                               api_.connect_read_pipe,
                               api_.connect_write_pipe}) {
        EXPECT_EQ(elsewhere([&] { return service(ctx_, &open, opened); }), 0U);
    }
    const ph_process process{};
    for (const auto service : {api_.subprocess_exec, api_.subprocess_shell}) {
        EXPECT_EQ(elsewhere([&] { return service(ctx_, &open, &process, opened); }), 0U);
    }
    EXPECT_EQ(elsewhere([&] { return api_.sendfile(ctx_, nullptr, 0, 0, 1, sent, nullptr); }), 0U);
    EXPECT_EQ(elsewhere([&] {
                  return api_.run_in_executor(
                      ctx_, must_not_be_called, must_not_be_called, nullptr);
              }),
              0U);
    EXPECT_EQ(elsewhere([&] { return api_.server_is_serving(ctx_, nullptr); }), 0);
    ph_info info{};
    info.size = sizeof info;
    EXPECT_EQ(elsewhere([&] { return api_.server_address(ctx_, nullptr, 0, &info); }),
              PH_E_WRONG_THREAD);
    std::thread([&] { api_.server_close(ctx_, nullptr); }).join();
}

TEST_F(WrongThread, IsSaidOnce) {
    ::testing::internal::CaptureStderr();
    for (int i = 0; i < 3; ++i) {
        elsewhere([&] { return api_.call_at(ctx_, 0, must_not_be_called, nullptr, nullptr); });
    }
    const std::string log = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(log.find("listener web: call_at was called on another thread than the loop's"),
              std::string::npos)
        << log;
    EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
}

TEST_F(WrongThread, MayDoWhatAnyThreadMay) {
    int called = 0;
    EXPECT_EQ(elsewhere([&] {
                  return api_.call_soon_threadsafe(
                      ctx_,
                      [](void* count) { ++*static_cast<int*>(count); },
                      must_not_be_called,
                      &called);
              }),
              PH_OK);
    EXPECT_GT(elsewhere([&] { return api_.time(ctx_); }), 0U);
    EXPECT_EQ(elsewhere([&] { return host_.table().on_loop(ctx_); }), 0);
    loop_.run_ready();
    EXPECT_EQ(called, 1);
}

}  // namespace
}  // namespace protohost::unit
