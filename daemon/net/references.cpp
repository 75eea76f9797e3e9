// SPDX-License-Identifier: MIT
#include "daemon/net/references.hpp"

#include <algorithm>

#include "daemon/net/transport.hpp"

namespace protohost::net {

std::uint64_t References::add(Transport& transport) {
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.push_back({nullptr, 0});
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    slots_[slot].transport = &transport;
    if (++slots_[slot].generation == 0) ++slots_[slot].generation;
    return std::uint64_t{slots_[slot].generation} << 32 | slot;
}

void References::remove(std::uint64_t reference) {
    if (find(reference) == nullptr) return;
    slots_[slot_of(reference)].transport = nullptr;
    free_.push_back(slot_of(reference));
}

bool References::has_descriptor(int fd) const {
    return std::any_of(slots_.begin(), slots_.end(), [fd](const Slot& slot) {
        return slot.transport != nullptr && slot.transport->descriptor() == fd;
    });
}

}  // namespace protohost::net
