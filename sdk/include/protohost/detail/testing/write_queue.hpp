// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include <protohost/abi.h>
#include <protohost/detail/testing/guard.hpp>

namespace protohost::detail::testing {

/// Calls a release of the code under test, whatever it throws.
inline void give_back(ph_fn release, void* arg) {
    if (release == nullptr) return;
    guarded([&] {
        release(arg);
        return ph_status{PH_OK};
    });
}

/// Bytes that the fake kernel has not taken.
class WriteQueue {
public:
    WriteQueue() = default;
    WriteQueue(const WriteQueue&) = delete;
    WriteQueue& operator=(const WriteQueue&) = delete;
    ~WriteQueue() { clear(); }

    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }

    void append(std::string_view data) {
        if (data.empty()) return;
        size_ += data.size();
        pieces_.push_back({std::string(data), {}, nullptr, nullptr});
    }
    /// Keeps the bytes where they are until `release(arg)`.
    void append_owned(std::string_view data, ph_fn release, void* arg) {
        size_ += data.size();
        pieces_.push_back({{}, data, release, arg});
    }

    /// A copy of the oldest `size` bytes.
    std::string front(std::size_t size) const {
        std::string bytes;
        for (const Piece& piece : pieces_) {
            if (bytes.size() == size) break;
            bytes += piece.rest().substr(0, size - bytes.size());
        }
        return bytes;
    }
    /// The oldest `size` bytes were sent. What is released on the way may append or clear.
    void consume(std::size_t size) {
        while (size > 0 && !pieces_.empty()) {
            Piece& oldest = pieces_.front();
            const std::size_t taken = std::min(size, oldest.rest().size());
            oldest.skip(taken);
            size -= taken;
            size_ -= taken;
            if (oldest.rest().empty()) pop();
        }
    }
    void clear() {
        size_ = 0;
        while (!pieces_.empty()) pop();
    }

private:
    struct Piece {
        std::string copy;
        std::string_view owned;
        ph_fn release;
        void* arg;

        std::string_view rest() const { return owned.empty() ? std::string_view(copy) : owned; }
        void skip(std::size_t size) {
            if (owned.empty()) {
                copy.erase(0, size);
            } else {
                owned.remove_prefix(size);
            }
        }
    };

    void pop() {
        const Piece done = std::move(pieces_.front());
        pieces_.pop_front();
        give_back(done.release, done.arg);
    }

    std::deque<Piece> pieces_;
    std::size_t size_ = 0;
};

}  // namespace protohost::detail::testing
