// SPDX-License-Identifier: MIT
#include <algorithm>
#include <fcntl.h>
#include <random>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/rig.hpp"

// What holds for every program of writes, limits and ends, whatever a slow peer does.

namespace protohost::net::testing {
namespace {

constexpr unsigned programs = 400;
constexpr std::uint64_t limit = 40'000;

/// One random program on one transport. The seed alone decides what it does.
class Program {
public:
    Program(unsigned seed, Medium medium) : random_(seed), medium_(medium) {
        recorder_.on = [this](std::string_view event) {
            // What a callback writes is gathered: the same steps, the other way to the kernel.
            if (event != "data") return PH_OK;
            told_ = recorder_.received.size();
            write_some(choose(6));
            return PH_OK;
        };
    }

    void run() {
        TransportSettings settings;
        settings.write_buffer = {
            .high = 2000, .low = 500, .limit = limit, .policy = model::WriteBuffer::Policy::refuse};
        Rig::Connection connection = rig_.connect(medium_, recorder_, settings);
        transport_ = connection.transport;
        Peer& peer = connection.peer;
        shrink_buffers(peer);
        for (unsigned steps = 10 + choose(40); steps > 0 && rig_.ends == 0; --steps) step(peer);

        const bool aborted = rig_.ends == 0 && choose(4) == 0;
        if (aborted) {
            transport_->abort();
        } else if (rig_.ends == 0) {
            // Input that nobody has read makes the kernel drop what the peer has not.
            transport_->resume_reading();
            received_ += rig_.run_reading(peer, [&] { return told_ == sent_ || rig_.ends != 0; });
            if (rig_.ends == 0) transport_->close();
        }
        received_ += rig_.run_reading(peer, [&] { return rig_.ends == 1; });
        received_ += peer.receive_all();
        if (aborted) {
            EXPECT_TRUE(accepted_.starts_with(received_))
                << "what arrives is what was written first";
        } else {
            EXPECT_EQ(received_, accepted_);
        }
        EXPECT_EQ(rig_.loop.write_budget().used(), 0u);
        check_events();
    }

private:
    unsigned choose(unsigned below) { return static_cast<unsigned>(random_() % below); }

    void shrink_buffers(Peer& peer) {
        ph_info info{};
        const bool pipe = medium_ == Medium::write_pipe;
        ASSERT_EQ(transport_->get_extra_info(pipe ? "pipe" : "socket", info), PH_OK);
        const int fd = static_cast<int>(info.number);
        constexpr int size = 4096;
        if (pipe) {
            ::fcntl(fd, F_SETPIPE_SZ, size);
        } else {
            ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
            ::setsockopt(peer.fd(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
        }
    }

    void step(Peer& peer) {
        switch (choose(8)) {
            case 0:
            case 1:
                return write_some(1 + choose(3));
            case 2:
                received_ += peer.receive_ready();
                return rig_.run_ready();
            case 3:
                return rig_.run_ready();
            case 4: {
                const std::int64_t high = choose(8000);
                EXPECT_EQ(transport_->set_write_buffer_limits(high, choose(2) == 0 ? -1 : high / 2),
                          PH_OK);
                return;
            }
            case 5:
                choose(2) == 0 ? transport_->pause_reading() : transport_->resume_reading();
                return;
            case 6:
                if (medium_ == Medium::write_pipe) return;
                peer.send("x");
                ++sent_;
                return rig_.run_ready();
            default:
                if (choose(12) == 0) ended_ = transport_->write_eof() == PH_OK || ended_;
        }
    }

    void write_some(unsigned times) {
        for (; times > 0; --times) {
            const std::string bytes = next_bytes(choose(10) == 0 ? choose(20'000) : choose(900));
            if (choose(3) == 0) {
                write_pieces(bytes);
            } else {
                settle(transport_->write(bytes.data(), bytes.size()), bytes);
            }
        }
    }

    void write_pieces(const std::string& bytes) {
        // Of several pieces some may be refused: only where all of them have room it is one answer.
        if (transport_->get_write_buffer_size() + bytes.size() > limit) return;
        const std::size_t half = bytes.size() / 2;
        const ph_iov pieces[] = {
            {bytes.data(), half}, {bytes.data(), 0}, {bytes.data() + half, bytes.size() - half}};
        settle(transport_->writelines(pieces, std::size(pieces)), bytes);
    }

    void settle(ph_status status, const std::string& bytes) {
        if (status == PH_OK) {
            accepted_ += bytes;
        } else {
            EXPECT_EQ(status, ended_ ? PH_E_EOF_WRITTEN : PH_E_LIMIT);
        }
    }

    /// Bytes that show when some are missing, doubled or moved.
    std::string next_bytes(std::size_t size) {
        std::string bytes(size, ' ');
        for (char& byte : bytes) byte = static_cast<char>('!' + count_++ % 89);
        return bytes;
    }

    void check_events() const {
        bool paused = false;
        for (const std::string& event : recorder_.events) {
            if (event == "pause") {
                EXPECT_FALSE(paused) << "paused twice";
                paused = true;
            } else if (event == "resume") {
                EXPECT_TRUE(paused) << "resumed without a pause";
                paused = false;
            }
        }
        ASSERT_GE(recorder_.events.size(), 3u);
        EXPECT_EQ(recorder_.events.front(), "made");
        EXPECT_EQ(recorder_.events.end()[-2], "lost") << "once, in order, and nothing after it";
        EXPECT_EQ(recorder_.events.back(), "destroy");
        EXPECT_EQ(recorder_.count("lost"), 1u);
    }

    std::mt19937 random_;
    const Medium medium_;
    Recorder recorder_;
    Rig rig_;
    StreamTransport* transport_ = nullptr;
    std::string accepted_;
    std::string received_;
    std::size_t count_ = 0;
    std::size_t sent_ = 0;  ///< by the peer
    std::size_t told_ = 0;  ///< of that, to the protocol
    bool ended_ = false;
};

class FlowProperty : public ::testing::TestWithParam<Medium> {};

TEST_P(FlowProperty, HoldsForRandomPrograms) {
    for (unsigned seed = 1; seed <= programs; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Program(seed, GetParam()).run();
        if (HasFailure()) return;
    }
}

INSTANTIATE_TEST_SUITE_P(EveryMedium,
                         FlowProperty,
                         ::testing::Values(Medium::tcp, Medium::socket_pair, Medium::write_pipe));

}  // namespace
}  // namespace protohost::net::testing
