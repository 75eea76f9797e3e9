// SPDX-License-Identifier: MIT
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/rig.hpp"
#include "tests/daemon/net/scratch_folder.hpp"
#include "tests/daemon/net/terminal.hpp"

namespace protohost::net::testing {
namespace {

using Events = std::vector<std::string>;

TEST(ReadPipe, EndsAtTheEndWhateverTheProtocolWants) {
    Recorder recorder;
    recorder.keep_open_at_eof = true;
    Rig rig;
    auto [peer, transport] = rig.connect(Medium::read_pipe, recorder);
    peer.send("all of it");
    peer.close();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events, (Events{"made", "data:all of it", "eof", "lost", "destroy"}));
}

TEST(ReadPipe, LendsItsBytesTheirPlaceToo) {
    Recorder recorder(true);
    Rig rig;
    auto [peer, transport] = rig.connect(Medium::read_pipe, recorder);
    peer.send("hello");
    rig.run_until([&] { return recorder.received == "hello"; });
}

TEST(ReadPipe, CannotBeWritten) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(Medium::read_pipe, recorder);
    static int releases;
    releases = 0;
    const ph_iov piece{"x", 1};
    EXPECT_EQ(transport->write("x", 1), PH_E_UNSUPPORTED);
    EXPECT_EQ(transport->write(nullptr, 0), PH_E_UNSUPPORTED);
    EXPECT_EQ(transport->writelines(&piece, 1), PH_E_UNSUPPORTED);
    EXPECT_EQ(transport->write_owned(
                  piece, [](void*) { ++releases; }, nullptr),
              PH_E_UNSUPPORTED);
    EXPECT_EQ(releases, 1);
    EXPECT_EQ(transport->write_eof(), PH_E_UNSUPPORTED);
    EXPECT_FALSE(transport->can_write_eof());
    EXPECT_EQ(transport->set_write_buffer_limits(10, 1), PH_E_UNSUPPORTED);
    std::size_t low = 1;
    std::size_t high = 1;
    transport->get_write_buffer_limits(low, high);
    EXPECT_EQ(low + high, 0u);
    EXPECT_EQ(transport->get_write_buffer_size(), 0u);
    EXPECT_EQ(transport->traffic().dropped, 0u);
    EXPECT_FALSE(transport->is_closing());
}

TEST(ReadPipe, CloseDropsWhatWasNotReadAndTheWriterIsTold) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(Medium::read_pipe, recorder);
    transport->pause_reading();
    peer.send("unread");
    EXPECT_TRUE(rig.idle());
    transport->close();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events, (Events{"made", "lost", "destroy"}));
    EXPECT_EQ(::write(peer.fd(), "x", 1), -1);
    EXPECT_EQ(errno, EPIPE);
}

TEST(ReadPipe, APausedOneWhoseWriterIsGoneDoesNotSpinTheLoop) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(Medium::read_pipe, recorder);
    transport->pause_reading();
    peer.close();
    EXPECT_TRUE(rig.idle());
    EXPECT_EQ(recorder.events, Events{"made"});
    transport->resume_reading();
    rig.run_until([&] { return rig.ends == 1; });
}

TEST(ReadPipe, TheEndOfATerminalIsItsOwnError) {
    Recorder recorder;
    Terminal terminal;
    Rig rig;
    rig.serve(std::move(terminal.master), PeerName("pty"), Channel::read_pipe, recorder);
    Peer(terminal.slave.release()).send("typed");
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events,
              (Events{"made", "data:typed", "lost:" + std::to_string(EIO), "destroy"}));
    EXPECT_TRUE(rig.failures.empty());
}

TEST(WritePipe, WritesAndKnowsNothingOfReading) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(Medium::write_pipe, recorder);
    EXPECT_EQ(transport->write("hello", 5), PH_OK);
    EXPECT_EQ(peer.receive(), "hello");
    EXPECT_FALSE(transport->is_reading());
    transport->pause_reading();
    transport->resume_reading();
    EXPECT_FALSE(transport->is_reading());
    EXPECT_TRUE(transport->can_write_eof());
    EXPECT_TRUE(rig.idle());
}

TEST(WritePipe, WriteEofFlushesAndCloses) {
    Recorder recorder;
    Rig rig;
    auto connection = rig.connect(Medium::write_pipe, recorder);
    Rig::fill(*connection.transport);
    EXPECT_EQ(connection.transport->write_eof(), PH_OK);
    EXPECT_TRUE(connection.transport->is_closing());
    EXPECT_EQ(connection.transport->write("late", 4), PH_E_EOF_WRITTEN);
    const std::size_t sent = connection.transport->traffic().sent;
    const std::size_t waiting = connection.transport->get_write_buffer_size();
    std::string all = rig.run_reading(connection.peer, [&] { return rig.ends == 1; });
    EXPECT_EQ(all.size(), sent + waiting);
    EXPECT_EQ(connection.peer.receive(), "") << "the end";
    EXPECT_EQ(recorder.count("lost"), 1u);
}

TEST(WritePipe, AReaderThatLeavesAnEmptyBufferEndsItInOrder) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(Medium::write_pipe, recorder);
    EXPECT_TRUE(rig.idle());
    peer.close();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events, (Events{"made", "lost", "destroy"}));
}

TEST(WritePipe, AReaderThatLeavesWaitingBytesBreaksIt) {
    for (const bool closing : {false, true}) {
        Recorder recorder;
        Rig rig;
        auto [peer, transport] = rig.connect(Medium::write_pipe, recorder);
        Rig::fill(*transport);
        if (closing) transport->close();
        peer.close();
        rig.run_until([&] { return rig.ends == 1; });
        EXPECT_EQ(recorder.count("lost:" + std::to_string(EPIPE)), 1u);
    }
}

TEST(WritePipe, WritingToNobodyIsAnErrorAndNoSignal) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(Medium::write_pipe, recorder);
    peer.close();
    EXPECT_EQ(transport->write("x", 1), PH_E_CLOSED);
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.count("lost:" + std::to_string(EPIPE)), 1u);
}

TEST(WritePipe, OfATerminalIsNotWatchedForItsReader) {
    Recorder recorder;
    Terminal terminal;
    Rig rig;
    StreamTransport* const transport =
        rig.serve(std::move(terminal.master), PeerName("pty"), Channel::write_pipe, recorder);
    Peer screen(terminal.slave.release());
    EXPECT_EQ(transport->write("shown", 5), PH_OK);
    EXPECT_EQ(screen.receive(5), "shown");
    screen.send("typed, and of no interest");
    EXPECT_TRUE(rig.idle());
    EXPECT_FALSE(transport->is_closing());
}

TEST(WritePipe, OfAFifoThatIsOpenBothWaysIsNotEndedByItsOwnBytes) {
    const ScratchFolder folder;
    ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
    Recorder recorder;
    Rig rig;
    StreamTransport* const transport = rig.serve(
        base::Descriptor(::open((folder / "fifo").c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)),
        PeerName(folder / "fifo"),
        Channel::write_pipe,
        recorder);
    EXPECT_EQ(transport->write("x", 1), PH_OK);
    EXPECT_TRUE(rig.idle());
    EXPECT_FALSE(transport->is_closing());
}

TEST(WritePipe, PausesOverHighAndResumesAtLow) {
    Recorder recorder;
    Rig rig;
    auto connection =
        rig.connect(Medium::write_pipe, recorder, {model::WriteBuffer{.high = 10000, .low = 5000}});
    std::size_t at_resume = 0;
    recorder.on = [&, t = connection.transport](std::string_view event) {
        if (event == "resume") at_resume = t->get_write_buffer_size();
        return PH_OK;
    };
    const std::string block(30000, 'x');
    EXPECT_EQ(connection.transport->write(block.data(), block.size()), PH_OK);
    EXPECT_EQ(recorder.count("pause"), 1u);
    rig.run_reading(connection.peer, [&] { return recorder.count("resume") == 1; });
    EXPECT_GT(at_resume, 0u) << "at the mark, not only when it is empty";
    EXPECT_LE(at_resume, 5000u);
}

TEST(PipeInfo, NamesThePipeAndNoSocket) {
    for (const Medium medium : {Medium::read_pipe, Medium::write_pipe}) {
        Recorder recorder;
        Rig rig;
        auto [peer, transport] = rig.connect(medium, recorder);
        ph_info info{};
        EXPECT_EQ(transport->get_extra_info("pipe", info), PH_OK);
        EXPECT_EQ(info.kind, std::uint32_t{PH_INFO_DESCRIPTOR});
        EXPECT_GE(info.number, 0);
        for (const char* const name : {"socket", "peername", "sockname"}) {
            ph_info none{};
            EXPECT_EQ(transport->get_extra_info(name, none), PH_E_UNSUPPORTED) << name;
        }
    }
}

TEST(SocketPair, IsAStreamLikeAnyOther) {
    Recorder recorder;
    recorder.keep_open_at_eof = true;
    Rig rig;
    auto [peer, transport] = rig.connect(Medium::socket_pair, recorder);
    ph_info info{};
    EXPECT_EQ(transport->get_extra_info("peername", info), PH_OK);
    EXPECT_EQ(std::string(info.text.p, info.text.n), "");
    EXPECT_EQ(info.kind, std::uint32_t{PH_INFO_ADDRESS});
    EXPECT_EQ(transport->peer_text().substr(0, 10), "unix (pid ");
    peer.send("hello");
    peer.shut_down();
    rig.run_until([&] { return recorder.count("eof") == 1; });
    EXPECT_EQ(transport->write("and bye", 7), PH_OK);
    EXPECT_EQ(transport->write_eof(), PH_OK);
    EXPECT_EQ(peer.receive_all(), "and bye");
    EXPECT_FALSE(transport->is_closing());
    transport->close();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events, (Events{"made", "data:hello", "eof", "lost", "destroy"}));
}

}  // namespace
}  // namespace protohost::net::testing
