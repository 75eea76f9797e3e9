// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <set>
#include <string>

#include <protohost/abi.h>
#include <protohost/address.hpp>

// What the test kit is given and what it answers, as plain values.

namespace protohost::testing {

/// One line that was logged: by the code under test, or by the host about it.
struct LogLine {
    int level;  ///< PH_LOG_TRACE ... PH_LOG_ERROR
    std::string text;

    bool operator==(const LogLine&) const = default;
};

/// Why a connection was lost: what connection_lost was told, kept.
struct Loss {
    ph_status status = PH_OK;  ///< PH_OK: in order, connection_lost(nullptr)
    int os_errno = 0;          ///< with PH_E_OS
    std::string message;

    bool operator==(const Loss&) const = default;
};

/// `write_buffer:` of a unit's definition, and its defaults. In bytes.
struct WriteBuffer {
    enum class Policy { abort, refuse };

    std::size_t high = 64 * 1024;
    std::size_t low = 16 * 1024;
    std::size_t limit = 16 * 1024 * 1024;  ///< a write that would pass it is refused ...
    Policy policy = Policy::abort;         ///< ... and may end the connection
};

/// What a connection goes over. Pipes have one direction, and no addresses.
enum class Channel { socket, read_pipe, write_pipe };

/// What the operator and the network say about a connection.
struct ConnectionSettings {
    WriteBuffer write_buffer = {};
    std::string peername = "127.0.0.1:40000";
    std::string sockname = "127.0.0.1:7007";
    Channel channel = Channel::socket;
};

/// The same for a datagram endpoint.
struct DatagramSettings {
    WriteBuffer write_buffer = {};
    /// Where what has no address goes, and then the only one that it hears from; "": none.
    std::string remote = {};
    std::string sockname = "127.0.0.1:7007";
};

/// What the operator and the program say about a process.
struct ProcessSettings {
    WriteBuffer write_buffer = {};       ///< of its standard input
    std::set<int> pipes = {0, 1, 2};     ///< of its descriptors; with a terminal 0 and 1
    std::set<int> handled_signals = {};  ///< which do not end it
    int pid = 4711;
};

/// A datagram that was sent.
struct SentDatagram {
    std::string data;
    Address addr;

    bool operator==(const SentDatagram&) const = default;
};

}  // namespace protohost::testing
