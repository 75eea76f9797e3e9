// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "daemon/net/datagram.hpp"
#include "daemon/net/write_budget.hpp"

namespace protohost::net {

/// Datagrams that have to wait, with copies of their addresses. Owns no memory while it is empty,
/// and grows by chunks, so that they are copied in once and never moved.
class DatagramQueue {
public:
    /// What it holds counts in `budget`, where there is one.
    explicit DatagramQueue(WriteBudget* budget = nullptr) : budget_(budget) {}
    DatagramQueue(const DatagramQueue&) = delete;
    DatagramQueue& operator=(const DatagramQueue&) = delete;
    ~DatagramQueue() { clear(); }

    /// What one datagram counts: its bytes, and about what keeping it costs, so that a flood of
    /// empty ones is bounded too.
    static constexpr std::size_t overhead = 64;
    static constexpr std::size_t cost(std::size_t size) { return size + overhead; }

    bool empty() const { return count_ == 0; }
    /// The sum of the costs.
    std::size_t size() const { return bytes_ + count_ * overhead; }
    /// Without the overhead.
    std::size_t bytes() const { return bytes_; }

    /// Copies. False: out of memory, and nothing has changed.
    [[nodiscard]] bool append(const Datagram& datagram);

    /// The oldest ones, at most `room.size()`; valid until they are popped.
    std::span<const Datagram> front(std::span<Datagram> room) const;

    /// Drops the oldest `count`.
    void pop(std::size_t count = 1);

    void clear();

    void swap(DatagramQueue& other) {
        std::swap(budget_, other.budget_);
        std::swap(first_, other.first_);
        std::swap(last_, other.last_);
        std::swap(bytes_, other.bytes_);
        std::swap(count_, other.count_);
    }

private:
    struct Frame;
    struct Chunk;

    void drop_chunk();
    void count(std::size_t bytes, std::size_t datagrams);
    void discount(std::size_t bytes, std::size_t datagrams);

    WriteBudget* budget_;
    Chunk* first_ = nullptr;
    Chunk* last_ = nullptr;
    std::size_t bytes_ = 0;
    std::size_t count_ = 0;
};

}  // namespace protohost::net
