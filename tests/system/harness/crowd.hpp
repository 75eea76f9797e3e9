// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/system/harness/client.hpp"

namespace protohost::harness {

/// Many connections that play ping-pong with an echo server, all at the same time.
class Crowd {
public:
    Crowd(std::uint16_t port, std::size_t size);

    std::size_t size() const { return members_.size(); }
    std::size_t rounds() const { return rounds_; }

    /// Every member sends a message of its own, and every one gets its own back. Fails the test and
    /// returns false where not.
    bool play_round();

private:
    std::string message_of(std::size_t member) const;

    std::vector<Client> members_;
    std::size_t rounds_ = 0;
};

}  // namespace protohost::harness
