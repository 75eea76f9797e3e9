// SPDX-License-Identifier: MIT
#include "side.hpp"

#include <sys/socket.h>
#include <utility>

namespace forward {

void Side::join(Side& other) {
    other_ = &other;
    other.other_ = this;
}

bool Side::eof_received() {
    ended_ = true;
    // Of TLS 1.2 no direction ends alone.
    const bool alone = transport_.can_write_eof() && other_->transport_.can_write_eof();
    if (other_->ended_ || !alone) {
        other_->transport_.close();
        return false;
    }
    other_->transport_.write_eof();
    return true;
}

void Side::connection_lost(const protohost::Error* exc) {
    Side* const other = std::exchange(other_, nullptr);
    if (other == nullptr) return;
    other->other_ = nullptr;
    if (exc != nullptr) {
        other->reset();
    } else {
        other->transport_.close();
    }
}

void Side::reset() {
    const linger drop_at_once = {1, 0};
    const int socket = transport_.get_extra_info("socket").descriptor();
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &drop_at_once, sizeof drop_at_once);
    transport_.abort();
}

}  // namespace forward
