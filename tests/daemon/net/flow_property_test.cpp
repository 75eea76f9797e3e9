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
            if (choose(150) == 0) end();
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

        early_ = closed_ || aborted_;
        if (rig_.ends == 0 && choose(4) == 0) {
            abort();
        } else if (rig_.ends == 0 && !early_) {
            // Input that nobody has read makes the kernel drop what the peer has not.
            transport_->resume_reading();
            received_ += rig_.run_reading(peer, [&] { return told_ == sent_ || rig_.ends != 0; });
            if (rig_.ends == 0) close();
        }
        received_ += rig_.run_reading(peer, [&] { return rig_.ends == 1; });
        received_ += peer.receive_all();
        if (aborted_ || unread_) {
            EXPECT_TRUE(accepted_.starts_with(received_))
                << "what arrives is what was written first";
        } else {
            EXPECT_EQ(received_, accepted_);
        }
        EXPECT_EQ(rig_.loop.write_budget().used(), 0u);
        check_events();
    }

    std::size_t pauses() const { return recorder_.count("pause"); }
    bool lost_paused() const { return pauses() > recorder_.count("resume"); }
    bool closed_early() const { return early_ && closed_; }
    bool aborted_early() const { return early_ && aborted_; }

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
        if (choose(100) == 0) end();
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
                if (medium_ == Medium::write_pipe || closed_ || aborted_) return;
                peer.send("x");
                ++sent_;
                return rig_.run_ready();
            default:
                if (choose(12) == 0) write_eof();
        }
    }

    void end() { choose(2) == 0 ? abort() : close(); }

    void abort() {
        aborted_ = true;
        transport_->abort();
    }

    void close() {
        unread_ = unread_ || told_ != sent_;
        closed_ = true;
        transport_->close();
    }

    void write_eof() {
        const bool pipe = medium_ == Medium::write_pipe;
        // On a closing socket it does nothing; on a pipe it is close().
        ended_ = ended_ || pipe || (!closed_ && !aborted_);
        closed_ = closed_ || pipe;
        EXPECT_EQ(transport_->write_eof(), PH_OK);
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
            const bool gone = aborted_ || (closed_ && status == PH_E_CLOSED);
            EXPECT_EQ(status, ended_ ? PH_E_EOF_WRITTEN : gone ? PH_E_CLOSED : PH_E_LIMIT);
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
        EXPECT_TRUE(!paused || aborted_) << "never resumed, though everything was sent";
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
    bool closed_ = false;
    bool aborted_ = false;
    bool early_ = false;   ///< closed or aborted before its last step
    bool unread_ = false;  ///< closed before it had read everything
};

class FlowProperty : public ::testing::TestWithParam<Medium> {};

TEST_P(FlowProperty, HoldsForRandomPrograms) {
    std::size_t pauses = 0;
    unsigned lost_paused = 0;
    unsigned closed = 0;
    unsigned aborted = 0;
    for (unsigned seed = 1; seed <= programs; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Program program(seed, GetParam());
        program.run();
        if (HasFailure()) return;
        pauses += program.pauses();
        lost_paused += program.lost_paused() ? 1U : 0U;
        closed += program.closed_early() ? 1U : 0U;
        aborted += program.aborted_early() ? 1U : 0U;
    }
    // Or the programs show nothing.
    EXPECT_GT(pauses, programs / 4);
    EXPECT_GT(lost_paused, 0u);
    EXPECT_GT(closed, 0u);
    EXPECT_GT(aborted, 0u);
}

INSTANTIATE_TEST_SUITE_P(EveryMedium,
                         FlowProperty,
                         ::testing::Values(Medium::tcp, Medium::socket_pair, Medium::write_pipe));

}  // namespace
}  // namespace protohost::net::testing
