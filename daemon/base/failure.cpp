// SPDX-License-Identifier: MIT
#include "daemon/base/failure.hpp"

#include <utility>

namespace protohost::base {
namespace {

thread_local std::string failure_text;

}  // namespace

void set_failure(std::string_view text) {
    failure_text = text;
}

void forget_failure() {
    if (!failure_text.empty()) failure_text.clear();
}

std::string take_failure() {
    return std::exchange(failure_text, {});
}

}  // namespace protohost::base
