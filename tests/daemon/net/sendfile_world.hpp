// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "daemon/base/descriptor.hpp"
#include "daemon/net/executor.hpp"
#include "tests/daemon/net/rig.hpp"

namespace protohost::net::testing {

inline constexpr std::array those_that_write{Medium::tcp, Medium::socket_pair, Medium::write_pipe};
inline constexpr std::uint64_t to_end = Transport::to_end_of_file;

/// Bytes that show when some are missing, doubled or moved.
inline std::string pattern(std::size_t size) {
    std::string text;
    for (int i = 0; text.size() < size; ++i) text += std::to_string(i) + ",";
    text.resize(size);
    return text;
}

/// A file with so much in it.
class File {
public:
    explicit File(const std::string& content) : descriptor_(::memfd_create("file", MFD_CLOEXEC)) {
        EXPECT_EQ(::pwrite(fd(), content.data(), content.size(), 0), std::ssize(content));
    }
    int fd() const { return descriptor_.get(); }

private:
    base::Descriptor descriptor_;
};

/// What became of a sendfile.
struct Sent {
    unsigned calls = 0;
    ph_status status = PH_OK;
    int os_errno = 0;
    std::uint64_t bytes = 0;

    Transport::FileSent done() {
        return [this](ph_status how, int error, std::uint64_t sent) {
            ++calls;
            status = how;
            os_errno = error;
            bytes = sent;
        };
    }
};

/// A loop with a thread that reads for it, one sendfile, and two protocols.
struct SendfileWorld {
    SendfileWorld() { rig.loop.set_executor(&executor); }
    ~SendfileWorld() {
        // What it does on a callback refers to a test that is over.
        recorder.on = nullptr;
        rig.loop.set_executor(nullptr);
    }
    SendfileWorld(const SendfileWorld&) = delete;
    SendfileWorld& operator=(const SendfileWorld&) = delete;

    Rig::Connection connect(Medium medium = Medium::tcp) {
        return rig.connect(medium, recorder, {{.high = 1 << 20, .low = 0}});
    }
    /// Until it is told that the file is sent; what the peer got meanwhile.
    std::string run_reading(Peer& peer) {
        std::string arrived = rig.run_reading(peer, [this] { return sent.calls == 1; });
        return arrived + peer.receive_ready();
    }
    /// Until the transport is gone; all that the peer gets.
    std::string run_to_the_end(Peer& peer) {
        std::string arrived =
            rig.run_reading(peer, [this] { return recorder.count("destroy") == 1; });
        return arrived + peer.receive_all();
    }
    void run_until_some_is_sent() {
        rig.run_until([this] { return recorder.transport->traffic().sent != 0; });
    }

    Sent sent;
    Recorder recorder;
    Recorder other;
    Rig rig;
    Executor executor{rig.loop, 1};
};

}  // namespace protohost::net::testing
