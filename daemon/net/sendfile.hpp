// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "daemon/net/executor.hpp"
#include "daemon/net/stream_transport.hpp"

namespace protohost::net {

/// A sendfile that is under way, from its beginning until its `done`. On a socket the kernel
/// copies, where it can. Elsewhere the file is read in blocks by the executor, so that a slow disk
/// holds up nobody else, and a block is sent as any bytes are.
class StreamTransport::Sendfile final : private Task {
public:
    struct Source {
        int file;  ///< the caller's, open as long as this is under way
        std::uint64_t offset;
        std::uint64_t count;
    };

    /// Calls push_file() in the next iteration.
    Sendfile(StreamTransport& transport, const Source& source, FileSent done);
    ~Sendfile() { stop(); }

    /// What push() has come to.
    struct Step {
        enum class State {
            more,            ///< when the peer takes more, or when push_file() is called
            finished,        ///< all, or all that the file has
            file_failed,     ///< os_errno
            connection_lost  ///< os_errno
        };
        State state;
        std::size_t bytes = 0;  ///< taken by the kernel
        int os_errno = 0;
    };

    /// Sends one piece, so that others get their turn.
    Step push();

    /// Whether it goes on when the peer takes more; else it waits for the file.
    bool waits_for_peer() const { return waits_for_peer_; }
    std::uint64_t sent() const { return sent_; }
    /// The next bytes of the file, which were read already: no more than that.
    std::span<const std::byte> next(std::size_t size) const;

    /// Neither pushes nor reads any more.
    void stop();
    /// Once, at the end.
    void tell(ph_status status, int os_errno) const { done_(status, os_errno, sent_); }

private:
    struct Block;

    void run() override;
    Step copy_in_kernel();
    Step send_block();
    Step read_block();
    void block_is_read();
    Step taken(std::size_t bytes);
    std::size_t at_most(std::size_t size) const;

    StreamTransport& transport_;
    Source source_;
    const FileSent done_;
    std::uint64_t sent_ = 0;
    bool in_kernel_;
    bool waits_for_peer_ = false;
    bool reading_ = false;
    std::shared_ptr<Block> block_;
    Executor::Id job_ = 0;
};

}  // namespace protohost::net
