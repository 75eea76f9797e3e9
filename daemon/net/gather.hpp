// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <sys/uio.h>

namespace protohost::net {

/// Somebody whose bytes are gathered.
class GatherOwner {
public:
    /// Sends what was gathered for it; never calls a plugin.
    virtual void flush_gathered() = 0;

protected:
    ~GatherOwner() = default;
};

/// What the running callback has written so far, to any number of transports. One scratch for the
/// whole loop, so that a connection needs no memory for it.
class Gather {
public:
    static constexpr std::size_t capacity = 16 * 1024;
    static constexpr std::size_t max_pieces = 64;

    bool empty() const { return count_ == 0; }

    /// Copies `size` bytes behind what `owner` wrote before. False when they do not fit: then the
    /// owner sends at once.
    bool add(GatherOwner& owner, const void* data, std::size_t size);

    /// The bytes of `owner`, in order, which then are no longer here. Valid until the next add();
    /// behind the last entry there is room for one more of the caller's.
    std::span<iovec> take(GatherOwner& owner);

    /// Lets every owner send.
    void flush();

private:
    struct Piece {
        GatherOwner* owner;
        std::size_t offset;
        std::size_t size;
    };

    std::size_t used_ = 0;
    std::size_t count_ = 0;
    std::array<Piece, max_pieces> pieces_;
    std::array<iovec, max_pieces + 1> vector_;  ///< one more for the caller's own bytes
    std::array<std::byte, capacity> bytes_;
};

}  // namespace protohost::net
