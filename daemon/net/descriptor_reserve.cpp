// SPDX-License-Identifier: MIT
#include "daemon/net/descriptor_reserve.hpp"

#include <algorithm>
#include <fcntl.h>
#include <utility>

namespace protohost::net {

DescriptorReserve::DescriptorReserve() {
    restore();
}

void DescriptorReserve::exhausted(Waiter& waiter) {
    spare_.close();
    if (std::find(waiters_.begin(), waiters_.end(), &waiter) == waiters_.end()) {
        waiters_.push_back(&waiter);
    }
}

bool DescriptorReserve::restore() {
    if (!spare_) spare_ = base::Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    return static_cast<bool>(spare_);
}

void DescriptorReserve::forget(Waiter& waiter) {
    std::erase(waiters_, &waiter);
}

void DescriptorReserve::released() {
    if (waiters_.empty()) return;
    for (Waiter* waiter : std::exchange(waiters_, {})) waiter->descriptor_free();
}

}  // namespace protohost::net
