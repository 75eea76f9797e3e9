// SPDX-License-Identifier: MIT
#include "tests/system/harness/crowd.hpp"

#include <gtest/gtest.h>

namespace protohost::harness {

Crowd::Crowd(std::uint16_t port, std::size_t size) {
    members_.reserve(size);
    for (std::size_t i = 0; i < size; ++i) {
        members_.emplace_back(port);
        if (!members_.back()) ADD_FAILURE() << "member " << i << " cannot connect";
    }
}

std::string Crowd::message_of(std::size_t member) const {
    std::string message =
        "member " + std::to_string(member) + " round " + std::to_string(rounds_) + ' ';
    message.resize(64 + member % 64, static_cast<char>('a' + member % 26));
    return message;
}

bool Crowd::play_round() {
    for (std::size_t i = 0; i < members_.size(); ++i) {
        if (!members_[i].send(message_of(i))) {
            ADD_FAILURE() << "lost: " << message_of(i);
            return false;
        }
    }
    for (std::size_t i = 0; i < members_.size(); ++i) {
        const std::string expected = message_of(i);
        const std::string answer = members_[i].receive(expected.size());
        if (answer != expected) {
            ADD_FAILURE() << "expected " << expected << "\nreceived " << answer;
            return false;
        }
    }
    ++rounds_;
    return true;
}

}  // namespace protohost::harness
