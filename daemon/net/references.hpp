// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

namespace protohost::net {

class Transport;

/// References to transports: a slot and the slot's generation in 64 bits, so that a stale one is
/// recognised (until its slot was used anew four thousand million times). Two loads to resolve.
class References {
public:
    /// Never 0.
    std::uint64_t add(Transport& transport);
    void remove(std::uint64_t reference);
    /// nullptr for a stale or made-up one.
    Transport* find(std::uint64_t reference) const {
        const std::uint32_t slot = slot_of(reference);
        if (slot >= slots_.size() || slots_[slot].generation != generation_of(reference)) {
            return nullptr;
        }
        return slots_[slot].transport;
    }

    /// Whether a transport has the descriptor. Looks at all of them.
    bool has_descriptor(int fd) const;

private:
    static constexpr std::uint32_t slot_of(std::uint64_t reference) {
        return static_cast<std::uint32_t>(reference);
    }
    static constexpr std::uint32_t generation_of(std::uint64_t reference) {
        return static_cast<std::uint32_t>(reference >> 32);
    }

    struct Slot {
        Transport* transport;
        std::uint32_t generation;
    };
    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_;
};

}  // namespace protohost::net
