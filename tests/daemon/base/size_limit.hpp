// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>
#include <filesystem>
#include <string>
#include <sys/resource.h>

#include <gtest/gtest.h>

namespace protohost::base::testing {

/// A file that takes `room` bytes more and no further, as one on a full disk, for as long as this
/// lives. It is made so long that the limit, which is the process's, hinders no other.
class SizeLimit {
public:
    SizeLimit(const std::string& file, rlim_t room) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        constexpr rlim_t far = 1U << 20U;
        std::filesystem::resize_file(file, far - room);
        EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
        rlimit limit = before_;
        limit.rlim_cur = far;
        EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    }
    ~SizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }
    SizeLimit(const SizeLimit&) = delete;
    SizeLimit& operator=(const SizeLimit&) = delete;

private:
    rlimit before_{};
    void (*handler_)(int);
};

}  // namespace protohost::base::testing
