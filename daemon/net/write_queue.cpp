// SPDX-License-Identifier: MIT
#include "daemon/net/write_queue.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace protohost::net {

namespace {

/// Small enough to cost little while a slow peer holds it, large enough that a busy one needs few.
constexpr std::size_t chunk_capacity = 16 * 1024;

}  // namespace

/// A header, and behind it `capacity` bytes of its own; or bytes elsewhere and how to give them
/// back.
struct WriteQueue::Chunk {
    Chunk* next;
    const std::byte* data;
    std::size_t begin;
    std::size_t end;
    std::size_t capacity;
    Release release;
    void* arg;
    std::shared_ptr<void> holder;

    std::byte* storage() { return reinterpret_cast<std::byte*>(this + 1); }
};

WriteQueue::Chunk* WriteQueue::make_chunk(std::size_t capacity) {
    void* memory = std::malloc(sizeof(Chunk) + capacity);
    if (memory == nullptr) return nullptr;
    auto* chunk = new (memory) Chunk{nullptr, nullptr, 0, 0, capacity, nullptr, nullptr, {}};
    chunk->data = chunk->storage();
    return chunk;
}

void WriteQueue::push(Chunk* chunk) {
    (last_ == nullptr ? first_ : last_->next) = chunk;
    last_ = chunk;
}

void WriteQueue::pop() {
    Chunk* chunk = first_;
    first_ = chunk->next;
    if (first_ == nullptr) last_ = nullptr;
    if (chunk->release != nullptr) give_back(chunk->release, chunk->arg);
    chunk->~Chunk();
    std::free(chunk);
}

void WriteQueue::give_back(Release release, void* arg) noexcept {
    try {
        release(arg);
    } catch (...) {  // nothing unwinds across the border, and nothing is left to be done
    }
}

bool WriteQueue::append(const void* data, std::size_t size) {
    if (size == 0) return true;
    std::size_t room = 0;
    if (last_ != nullptr) room = std::min(size, last_->capacity - last_->end);
    const std::size_t rest = size - room;
    Chunk* more = rest > 0 ? make_chunk(std::max(rest, chunk_capacity)) : nullptr;
    if (rest > 0 && more == nullptr) return false;

    const auto* bytes = static_cast<const std::byte*>(data);
    if (room > 0) {
        std::memcpy(last_->storage() + last_->end, bytes, room);
        last_->end += room;
    }
    if (more != nullptr) {
        std::memcpy(more->storage(), bytes + room, rest);
        more->end = rest;
        push(more);
    }
    size_ += size;
    budget_.add(size);
    return true;
}

bool WriteQueue::append_owned(const void* data, std::size_t size, Release release, void* arg) {
    Chunk* chunk = make_chunk(0);
    if (chunk == nullptr) return false;
    chunk->data = static_cast<const std::byte*>(data);
    chunk->capacity = size;  // full: nothing is appended to it
    chunk->end = size;
    chunk->release = release;
    chunk->arg = arg;
    push(chunk);
    size_ += size;
    budget_.add(size);
    return true;
}

void WriteQueue::keep(const std::shared_ptr<void>& holder) {
    // With one already nothing has come since: it is full.
    if (last_ == nullptr || last_->holder != nullptr) return;
    last_->holder = holder;
    last_->capacity = last_->end;
}

std::span<iovec> WriteQueue::front(std::span<iovec> vector) const {
    std::size_t count = 0;
    for (Chunk* chunk = first_; chunk != nullptr && count < vector.size(); chunk = chunk->next) {
        // iovec has no const form; sendmsg only reads.
        vector[count++] = {const_cast<std::byte*>(chunk->data + chunk->begin),
                           chunk->end - chunk->begin};
    }
    return vector.first(count);
}

void WriteQueue::consume(std::size_t size) {
    size_ -= size;
    budget_.remove(size);
    // A release may clear the queue from inside.
    while (size > 0 && first_ != nullptr) {
        const std::size_t taken = std::min(size, first_->end - first_->begin);
        first_->begin += taken;
        size -= taken;
        if (first_->begin == first_->end) pop();
    }
}

void WriteQueue::clear() {
    while (first_ != nullptr) pop();
    // What was released may have appended more, which is gone now too.
    budget_.remove(std::exchange(size_, 0));
}

}  // namespace protohost::net
