// SPDX-License-Identifier: MIT
#include "daemon/net/datagram_queue.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace protohost::net {

namespace {

constexpr std::size_t chunk_capacity = 16 * 1024;
constexpr std::size_t alignment = alignof(std::max_align_t);

constexpr std::size_t aligned(std::size_t size) {
    return (size + alignment - 1) / alignment * alignment;
}

}  // namespace

/// A header; behind it the address, and behind that the bytes.
struct DatagramQueue::Frame {
    std::size_t size;
    std::uint32_t address_size;

    static std::size_t room(const Datagram& datagram) {
        return sizeof(Frame) + aligned(datagram.address.len) + aligned(datagram.size);
    }
    std::byte* address() { return reinterpret_cast<std::byte*>(this + 1); }
    std::byte* data() { return address() + aligned(address_size); }
    std::byte* end() { return data() + aligned(size); }

    Datagram view() {
        return {{address_size != 0 ? address() : nullptr, address_size, 0}, data(), size};
    }
};

/// A header, and behind it `capacity` bytes of its own with whole frames.
struct alignas(alignment) DatagramQueue::Chunk {
    Chunk* next;
    std::size_t begin;
    std::size_t end;
    std::size_t capacity;

    Frame* frame(std::size_t offset) {
        return reinterpret_cast<Frame*>(reinterpret_cast<std::byte*>(this + 1) + offset);
    }
    std::size_t after(Frame* frame) {
        return static_cast<std::size_t>(frame->end() - reinterpret_cast<std::byte*>(this + 1));
    }
};

bool DatagramQueue::append(const Datagram& datagram) {
    static_assert(sizeof(Frame) % alignment == 0);
    const std::size_t room = Frame::room(datagram);
    if (last_ == nullptr || last_->capacity - last_->end < room) {
        const std::size_t capacity = std::max(room, chunk_capacity);
        void* memory = std::malloc(sizeof(Chunk) + capacity);
        if (memory == nullptr) return false;
        auto* chunk = new (memory) Chunk{nullptr, 0, 0, capacity};
        (last_ == nullptr ? first_ : last_->next) = chunk;
        last_ = chunk;
    }
    auto* frame = new (last_->frame(last_->end)) Frame{datagram.size, datagram.address.len};
    if (datagram.address.len != 0) {
        std::memcpy(frame->address(), datagram.address.sa, datagram.address.len);
    }
    if (datagram.size != 0) std::memcpy(frame->data(), datagram.data, datagram.size);
    last_->end += room;
    count(datagram.size, 1);
    return true;
}

void DatagramQueue::count(std::size_t bytes, std::size_t datagrams) {
    bytes_ += bytes;
    count_ += datagrams;
    if (budget_ != nullptr) budget_->add(bytes + datagrams * overhead);
}

void DatagramQueue::discount(std::size_t bytes, std::size_t datagrams) {
    bytes_ -= bytes;
    count_ -= datagrams;
    if (budget_ != nullptr) budget_->remove(bytes + datagrams * overhead);
}

std::span<const Datagram> DatagramQueue::front(std::span<Datagram> room) const {
    std::size_t found = 0;
    for (Chunk* chunk = first_; chunk != nullptr; chunk = chunk->next) {
        for (std::size_t at = chunk->begin; at != chunk->end && found < room.size();) {
            Frame* const frame = chunk->frame(at);
            room[found++] = frame->view();
            at = chunk->after(frame);
        }
    }
    return room.first(found);
}

void DatagramQueue::pop(std::size_t count) {
    for (; count > 0 && first_ != nullptr; --count) {
        Frame* const frame = first_->frame(first_->begin);
        discount(frame->size, 1);
        first_->begin = first_->after(frame);
        if (first_->begin == first_->end) drop_chunk();
    }
}

void DatagramQueue::drop_chunk() {
    Chunk* const chunk = first_;
    first_ = chunk->next;
    if (first_ == nullptr) last_ = nullptr;
    std::free(chunk);
}

void DatagramQueue::clear() {
    while (first_ != nullptr) drop_chunk();
    discount(bytes_, count_);
}

}  // namespace protohost::net
