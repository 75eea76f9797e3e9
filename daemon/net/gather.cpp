// SPDX-License-Identifier: MIT
#include "daemon/net/gather.hpp"

#include <cstring>

namespace protohost::net {

bool Gather::add(GatherOwner& owner, const void* data, std::size_t size) {
    if (size > capacity - used_) return false;
    if (count_ != 0 && pieces_[count_ - 1].owner == &owner) {
        pieces_[count_ - 1].size += size;
    } else if (count_ < max_pieces) {
        pieces_[count_++] = {&owner, used_, size};
    } else {
        return false;
    }
    std::memcpy(bytes_.data() + used_, data, size);
    used_ += size;
    return true;
}

std::span<iovec> Gather::take(GatherOwner& owner) {
    std::size_t found = 0;
    bool others = false;
    for (std::size_t i = 0; i < count_; ++i) {
        Piece& piece = pieces_[i];
        if (piece.owner == &owner) {
            vector_[found++] = {bytes_.data() + piece.offset, piece.size};
            piece.owner = nullptr;
        } else if (piece.owner != nullptr) {
            others = true;
        }
    }
    if (!others) {
        count_ = 0;
        used_ = 0;
    }
    return {vector_.data(), found};
}

void Gather::flush() {
    for (std::size_t i = 0; i < count_; ++i) {
        if (pieces_[i].owner != nullptr) pieces_[i].owner->flush_gathered();
    }
    count_ = 0;
    used_ = 0;
}

}  // namespace protohost::net
