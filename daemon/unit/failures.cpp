// SPDX-License-Identifier: MIT
#include "daemon/unit/failures.hpp"

namespace protohost::unit {

namespace {

/// That are remembered as told: there are few, unless one of them has a number in it.
constexpr std::size_t most_causes = 16;

}  // namespace

bool Failures::attempt_failed(const std::string& cause) {
    ++attempts_;
    return tell(told_attempts_, cause);
}

bool Failures::was_lost(const std::string& cause) {
    return tell(told_losses_, cause);
}

void Failures::opened() {
    attempts_ = 0;
    told_attempts_.clear();
    last_.clear();
}

void Failures::forget_told() {
    told_attempts_.clear();
    told_losses_.clear();
}

bool Failures::tell(std::set<std::string>& told, const std::string& cause) {
    last_ = cause;
    if (told.size() == most_causes) told.clear();
    return told.insert(cause).second;
}

}  // namespace protohost::unit
