// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <sys/uio.h>

#include "daemon/net/write_budget.hpp"

namespace protohost::net {

/// Bytes that the kernel has not taken. Owns no memory while it is empty, and grows by chunks, so
/// that bytes are copied in once and never moved. What it holds counts in its loop's budget.
class WriteQueue {
public:
    explicit WriteQueue(WriteBudget& budget) : budget_(budget) {}
    WriteQueue(const WriteQueue&) = delete;
    WriteQueue& operator=(const WriteQueue&) = delete;
    ~WriteQueue() { clear(); }

    using Release = void (*)(void* arg);

    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }

    /// Copies. False: out of memory, and nothing has changed.
    [[nodiscard]] bool append(const void* data, std::size_t size);

    /// Keeps the bytes where they are; `release(arg)` once they are consumed or cleared. False: out
    /// of memory, nothing has changed, and `release` is still the caller's to call.
    [[nodiscard]] bool append_owned(const void* data, std::size_t size, Release release, void* arg);

    /// `holder` lives until all that is here now was consumed or cleared.
    void keep(const std::shared_ptr<void>& holder);

    /// The oldest bytes, for one sendmsg; writes at most `vector.size()` entries.
    std::span<iovec> front(std::span<iovec> vector) const;

    /// The oldest `size` bytes were sent. What is released on the way may append or clear.
    void consume(std::size_t size);

    void clear();

    /// Calls a release of a plugin, whatever it throws.
    static void give_back(Release release, void* arg) noexcept;

private:
    struct Chunk;

    static Chunk* make_chunk(std::size_t capacity);
    void push(Chunk* chunk);
    void pop();

    WriteBudget& budget_;
    Chunk* first_ = nullptr;
    Chunk* last_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace protohost::net
