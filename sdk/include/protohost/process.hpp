// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <protohost/abi.h>

namespace protohost {

/// What one of the descriptors 0, 1 and 2 of a program is connected to: asyncio's PIPE, None,
/// DEVNULL and STDOUT, or a descriptor of your own, which is copied and stays yours.
class Stdio {
public:
    /// To the transport: get_pipe_transport().
    static constexpr Stdio pipe() { return Stdio(PH_STDIO_PIPE, -1); }
    /// To the daemon's own.
    static constexpr Stdio inherit() { return Stdio(PH_STDIO_INHERIT, -1); }
    static constexpr Stdio devnull() { return Stdio(PH_STDIO_DEVNULL, -1); }
    /// Of `err`: wherever `out` goes.
    static constexpr Stdio output() { return Stdio(PH_STDIO_STDOUT, -1); }
    constexpr Stdio(int descriptor) : Stdio(PH_STDIO_DESCRIPTOR, descriptor) {}

    static constexpr Stdio from_abi(ph_stdio given) { return Stdio(given.kind, given.descriptor); }
    constexpr ph_stdio to_abi() const { return {kind_, descriptor_}; }

private:
    constexpr Stdio(std::uint32_t kind, std::int32_t descriptor)
        : kind_(kind), descriptor_(descriptor) {}

    std::uint32_t kind_;
    std::int32_t descriptor_;
};

/// One of setrlimit's.
struct ProcessLimit {
    int resource;  ///< RLIMIT_NOFILE, ...
    std::uint64_t soft;
    std::uint64_t hard;
};

/// In characters.
struct TerminalSize {
    std::uint16_t rows = 24;
    std::uint16_t columns = 80;
};

/// What subprocess_exec() and subprocess_shell() may be told beside what to run. As in asyncio,
/// where it has a word for it.
struct SubprocessOptions {
    using Variables = std::map<std::string, std::string>;

    Stdio in = Stdio::pipe();   ///< asyncio's stdin, which is a macro here
    Stdio out = Stdio::pipe();  ///< stdout
    Stdio err = Stdio::pipe();  ///< stderr
    std::string cwd = {};       ///< empty: the daemon's
    /// Its whole environment. Absent: PATH and LANG of the daemon, HOME and USER of whom it runs
    /// as, and nothing else.
    std::optional<Variables> env = {};
    /// What comes to those four.
    Variables environment = {};
    /// Else it leads a process group of its own, in the daemon's session.
    bool start_new_session = false;
    /// What would be pipes is one terminal, the controlling one of its session, which the transport
    /// has the other end of: written at 0, read at 1.
    std::optional<TerminalSize> pty = {};
    std::map<int, int> pass_fds = {};  ///< its numbers, above 2, and yours: copied
    std::string executable = {};       ///< another program than the first argument says
    // Whom it runs as: names or numbers, which are looked up without blocking. Only root may.
    std::string user = {};
    std::string group = {};                                     ///< empty: that of `user`
    std::optional<std::vector<std::string>> extra_groups = {};  ///< absent: those of `user`
    std::optional<unsigned> umask = {};
    std::vector<ProcessLimit> limits = {};
};

}  // namespace protohost
