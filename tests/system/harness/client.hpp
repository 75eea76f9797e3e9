// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/base/descriptor.hpp"

namespace protohost::harness {

/// How a conversation ended, seen from here.
enum class Ending {
    orderly,  ///< end of file
    reset,    ///< the other side dropped it
    never     ///< it goes on, as far as the patience of the test reaches
};
std::ostream& operator<<(std::ostream& out, Ending ending);

struct ClientOptions {
    /// Bytes; 0: the system's own. Small, it makes a slow reader quick to test.
    int receive_buffer = 0;
    /// The last number of its 127.0.0.x: one address has ports for some 28,000 connections a
    /// minute.
    std::uint8_t from = 1;
};

/// One connection. Everything blocks, but never longer than the tests' patience.
class Client {
public:
    /// To a port of 127.0.0.1.
    explicit Client(std::uint16_t port, const ClientOptions& options = {});
    /// To a UNIX socket: a path, or "@name" for an abstract one.
    explicit Client(const std::string& path);
    /// Over a socket that is connected.
    explicit Client(base::Descriptor connected);

    /// False: the connection cannot be had.
    explicit operator bool() const { return static_cast<bool>(socket_); }
    int descriptor() const { return socket_.get(); }
    /// "127.0.0.1:PORT", as the daemon's log calls this client.
    std::string name() const;

    /// All of it; false when the connection broke.
    bool send(std::string_view bytes);
    /// So many bytes, or fewer at the end.
    std::string receive(std::size_t size);
    /// Up to and with the next newline.
    std::string receive_line();
    /// Sends, and expects the very same back.
    bool echoes(std::string_view bytes);
    /// Whether anything to read, or the end, comes within `milliseconds`.
    bool readable_within(int milliseconds) const;
    /// Whether the kernel takes more to send within `milliseconds`.
    bool writable_within(int milliseconds) const;

    /// Reads to the end; what came on the way is in `rest`.
    Ending ending(std::string* rest = nullptr);

    void shut_down_writing();
    /// Ends without a farewell: the peer sees a reset.
    void reset();
    void close() { socket_.close(); }
    base::Descriptor release() { return std::move(socket_); }

private:
    base::Descriptor socket_;
};

}  // namespace protohost::harness
