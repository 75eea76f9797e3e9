// SPDX-License-Identifier: MIT
#include "daemon/net/tls_memory.hpp"

#include <algorithm>
#include <cstdlib>
#include <malloc.h>

#include <openssl/crypto.h>

namespace protohost::net {

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;  // they see the use of a piece only after it was freed
#else
constexpr bool sanitized = false;
#endif

thread_local TlsMemory* reserve = nullptr;

// The sizes that the C library has are 24, 40, 56 ...: a multiple of 16, and the 8 bytes behind it
// that belong to the next piece as long as that is free.
constexpr std::size_t step = 16;
constexpr std::size_t smallest = 24;

std::size_t index_that_holds(std::size_t size) {
    return (std::max(size, smallest) - smallest + step - 1) / step;
}

void* allocate(std::size_t size, const char*, int) {
    void* const kept = reserve != nullptr ? reserve->take(size) : nullptr;
    return kept != nullptr ? kept : std::malloc(size);
}

void* resize(void* piece, std::size_t size, const char*, int) {
    return std::realloc(piece, size);
}

void release(void* piece, const char*, int) {
    if (reserve == nullptr || piece == nullptr || !reserve->keep(piece)) std::free(piece);
}

}  // namespace

bool TlsMemory::serve_openssl() {
    return !sanitized && CRYPTO_set_mem_functions(allocate, resize, release) == 1;
}

TlsMemory::TlsMemory() {
    reserve = this;
}

TlsMemory::~TlsMemory() {
    if (reserve == this) reserve = nullptr;
    free_all();
}

void* TlsMemory::take(std::size_t size) {
    const std::size_t index = index_that_holds(size);
    if (index >= pieces_.size() || pieces_[index] == nullptr) return nullptr;
    Piece* const piece = pieces_[index];
    pieces_[index] = piece->next;
    bytes_ -= index * step + smallest;
    return piece;
}

bool TlsMemory::keep(void* memory) {
    const std::size_t size = ::malloc_usable_size(memory);
    if (size < smallest) return false;
    const std::size_t index = (size - smallest) / step;
    if (index >= pieces_.size()) return false;
    const std::size_t bytes = index * step + smallest;
    if (bytes_ + bytes > most_bytes) free_all();
    auto* const piece = static_cast<Piece*>(memory);
    piece->next = pieces_[index];
    pieces_[index] = piece;
    bytes_ += bytes;
    return true;
}

void TlsMemory::free_all() {
    for (Piece*& first : pieces_) {
        while (first != nullptr) {
            Piece* const next = first->next;
            std::free(first);
            first = next;
        }
    }
    bytes_ = 0;
}

}  // namespace protohost::net
