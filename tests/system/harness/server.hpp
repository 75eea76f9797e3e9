// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "daemon/base/descriptor.hpp"
#include "tests/system/harness/client.hpp"

namespace protohost::harness {

/// A socket that the daemon connects to, or is given. Nobody else can have its port meanwhile.
class Server {
public:
    /// A free port of 127.0.0.1, which refuses until it listens.
    Server();
    /// At this path, where it listens.
    explicit Server(const std::string& path);

    int descriptor() const { return socket_.get(); }
    std::uint16_t port() const { return port_; }
    /// "tcp://127.0.0.1:4000".
    std::string address() const;

    void listen(int backlog = 64);
    /// Listens, and answers nobody who connects from now on.
    void fall_silent();
    /// Whoever connects next; none in time fails the test.
    Client accept();
    /// The next child of this process has the socket, too.
    void let_inherit();

private:
    base::Descriptor socket_;
    std::uint16_t port_ = 0;
    base::Descriptor filler_;
};

}  // namespace protohost::harness
