// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>

namespace protohost::net {

/// Pieces of memory that OpenSSL has given back and is about to ask for again. A connection takes
/// some 760 of them, most for a moment only; the C library keeps seven of a size at hand, none
/// above a kilobyte, and looks for the others under a lock.
///
/// The pieces are the C library's, so that whoever has one may also free or resize it there.
class TlsMemory {
public:
    /// What this may hold. Once it would be more, all is freed: sizes that nobody asks for any more
    /// do not come back.
    static constexpr std::size_t most_bytes = 1024 * 1024;
    /// Pieces that are larger than a record with all around it are not kept.
    static constexpr std::size_t largest_piece = 18 * 1024;

    /// From now on OpenSSL asks the reserve of the thread that it runs on, and the C library where
    /// that has none. To be called before anything uses OpenSSL: false where it is too late, or
    /// where a sanitizer is to see each piece; then all is as it was.
    static bool serve_openssl();

    /// Becomes the reserve of the calling thread, where it is to be destroyed, too.
    TlsMemory();
    ~TlsMemory();
    TlsMemory(const TlsMemory&) = delete;
    TlsMemory& operator=(const TlsMemory&) = delete;

    /// At least `size` bytes, the caller's to keep() or to free(); nullptr: none that fits.
    void* take(std::size_t size);
    /// Takes what malloc() gave. False: it stays the caller's.
    bool keep(void* piece);

    std::size_t bytes() const { return bytes_; }

private:
    struct Piece {
        Piece* next;
    };

    [[gnu::cold]] void free_all();  // else keep() would save registers for it

    std::size_t bytes_ = 0;
    std::array<Piece*, largest_piece / 16> pieces_{};  ///< by size
};

}  // namespace protohost::net
