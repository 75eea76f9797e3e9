// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <sys/types.h>
#include <thread>

#include "tests/system/harness/figures.hpp"

namespace protohost::harness {

/// The most memory of its own that a process has while this looks, which it does every 5 ms.
class HighWater {
public:
    explicit HighWater(pid_t process)
        : looking_([this, process] {
              while (!over_) {
                  most_ = std::max(most_, resident_memory(process));
                  std::this_thread::sleep_for(std::chrono::milliseconds(5));
              }
          }) {}
    ~HighWater() { finish(); }
    HighWater(const HighWater&) = delete;
    HighWater& operator=(const HighWater&) = delete;

    /// Looks no more; bytes.
    std::size_t finish() {
        over_ = true;
        if (looking_.joinable()) looking_.join();
        return most_;
    }

private:
    std::atomic<bool> over_ = false;
    std::size_t most_ = 0;  // of the thread until it has joined
    std::thread looking_;
};

}  // namespace protohost::harness
