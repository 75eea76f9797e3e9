// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include <protohost/loop.hpp>

namespace conformance {

/// The line to the runner: a socket of its own, independent of the transports under test. Each
/// message is one JSON object from here, one command from there.
class Control {
public:
    /// What came with a command, and is whoever's that obeys; -1: nothing.
    using Obey = std::function<void(const std::string& command, int descriptor)>;

    /// [loop] `obey` is called on the loop with each command; it must stand that its object is
    /// gone.
    Control(const std::string& path, protohost::Loop loop, Obey obey);
    ~Control();
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;

    /// [loop] The runner always reads, so this does not wait for long.
    void send(std::string_view message) const;

private:
    void read(protohost::Loop loop, const Obey& obey) const;

    int socket_;
    std::thread thread_;  // last: it uses the socket
};

}  // namespace conformance
