// SPDX-License-Identifier: MIT
#include "daemon/net/pipe.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <stdlib.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/net/listening_socket.hpp"
#include "tests/daemon/net/rig.hpp"
#include "tests/daemon/net/scratch_folder.hpp"

namespace protohost::net::testing {
namespace {

using Events = std::vector<std::string>;

bool is_nonblocking(int fd) {
    return (::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

struct Terminal {
    base::Descriptor master{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)};
    base::Descriptor slave;

    Terminal() {
        EXPECT_EQ(::grantpt(master.get()), 0);
        EXPECT_EQ(::unlockpt(master.get()), 0);
        slave = base::Descriptor(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
        termios raw{};
        ::tcgetattr(slave.get(), &raw);
        ::cfmakeraw(&raw);
        ::tcsetattr(slave.get(), TCSANOW, &raw);
    }
};

TEST(Pipe, FifosSocketsAndCharacterDevicesWillDo) {
    const Terminal terminal;
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const base::Descriptor read_end(ends[0]);
    const base::Descriptor write_end(ends[1]);
    const base::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    for (const int fd : {read_end.get(), socket.get(), terminal.slave.get()}) {
        EXPECT_EQ(check_pipe(fd, PipeEnd::read), "");
        EXPECT_TRUE(is_nonblocking(fd));
    }
    const base::Descriptor null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    for (const int fd : {write_end.get(), socket.get(), terminal.slave.get(), null.get()}) {
        EXPECT_EQ(check_pipe(fd, PipeEnd::write), "");
        EXPECT_TRUE(is_nonblocking(fd));
    }
}

TEST(Pipe, TheOtherEndWillNot) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const base::Descriptor read_end(ends[0]);
    const base::Descriptor write_end(ends[1]);
    EXPECT_EQ(check_pipe(write_end.get(), PipeEnd::read),
              "it is open for writing only: a read end is needed, and this is a write end");
    EXPECT_EQ(check_pipe(read_end.get(), PipeEnd::write),
              "it is open for reading only: a write end is needed, and this is a read end");
    EXPECT_FALSE(is_nonblocking(write_end.get())) << "what is refused stays as it was";
}

TEST(Pipe, ADeviceThatNeverSaysWhenItIsReadableCannotBeRead) {
    EXPECT_EQ(open_pipe("/dev/zero", PipeEnd::read).problem,
              "/dev/zero: the kernel cannot say when this device has something to read; a FIFO, a "
              "socket or a terminal can be read");
    EXPECT_EQ(open_pipe("/dev/zero", PipeEnd::write).problem, "");
}

TEST(Pipe, FilesAndFoldersWillNot) {
    const std::string no_pipe =
        "no FIFO, socket or character device, and nothing else can be waited for";
    const ScratchFolder folder;
    std::ofstream(folder / "file") << "x";
    const base::Descriptor file(::open((folder / "file").c_str(), O_RDWR | O_CLOEXEC));
    const base::Descriptor directory(::open("/tmp", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(check_pipe(file.get(), PipeEnd::read), no_pipe);
    EXPECT_FALSE(is_nonblocking(file.get())) << "what is refused stays as it was";
    EXPECT_EQ(check_pipe(directory.get(), PipeEnd::read), no_pipe);
    EXPECT_EQ(check_pipe(1000, PipeEnd::read), "Bad file descriptor");
    EXPECT_EQ(open_pipe(folder / "file", PipeEnd::read).problem,
              (folder / "file") + ": " + no_pipe);
    EXPECT_EQ(open_pipe(folder / "none", PipeEnd::read).problem,
              "cannot open " + (folder / "none") + ": No such file or directory");
}

TEST(Pipe, ACopyIsADescriptorOfItsOwn) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const base::Descriptor read_end(ends[0]);
    const base::Descriptor write_end(ends[1]);
    const OpenedPipe copy = copy_pipe(read_end.get(), PipeEnd::read);
    ASSERT_EQ(copy.problem, "");
    EXPECT_NE(copy.descriptor.get(), read_end.get());
    EXPECT_TRUE(::fcntl(copy.descriptor.get(), F_GETFD) & FD_CLOEXEC);
    EXPECT_EQ(copy_pipe(1000, PipeEnd::read).problem,
              "there is no descriptor 1000 (whoever starts the daemon passes it)");
}

TEST(Fifo, MayBeReadBeforeAnyoneWritesAndEndsWithTheLastWriter) {
    const ScratchFolder folder;
    ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
    Recorder recorder;
    Rig rig;
    OpenedPipe opened = open_pipe(folder / "fifo", PipeEnd::read);
    ASSERT_EQ(opened.problem, "");
    rig.serve(
        std::move(opened.descriptor), PeerName(folder / "fifo"), Channel::read_pipe, recorder);
    EXPECT_TRUE(rig.idle()) << "that nobody writes yet is no end";
    EXPECT_EQ(recorder.events, Events{"made"});

    Peer first(::open((folder / "fifo").c_str(), O_WRONLY | O_CLOEXEC));
    Peer second(::open((folder / "fifo").c_str(), O_WRONLY | O_CLOEXEC));
    first.send("one ");
    first.close();
    rig.run_until([&] { return recorder.received == "one "; });
    EXPECT_TRUE(rig.idle());
    second.send("two");
    second.close();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events, (Events{"made", "data:one ", "data:two", "eof", "lost", "destroy"}));
}

TEST(Fifo, ThatIsHeldKeepsWhatIsWrittenWhileNobodyReads) {
    const ScratchFolder folder;
    const std::string path = folder / "fifo";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    base::Descriptor held;
    {
        const OpenedPipe first = open_pipe(path, PipeEnd::read);
        held = hold_fifo(first.descriptor.get());
        ASSERT_TRUE(held);
        EXPECT_FALSE(last_writer_left(held.get())) << "nobody has come yet";
    }
    Peer writer(open_pipe(path, PipeEnd::write).descriptor.release());
    EXPECT_FALSE(last_writer_left(held.get()));
    writer.send("kept");
    writer.close();
    EXPECT_FALSE(last_writer_left(held.get())) << "there is something to read";
    Peer second(open_pipe(path, PipeEnd::read).descriptor.release());
    EXPECT_EQ(second.receive(), "kept");
    EXPECT_TRUE(last_writer_left(held.get()));
    EXPECT_FALSE(last_writer_left(second.fd())) << "who opens it now waits for the next";
}

TEST(Fifo, AloneIsHeld) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    const base::Descriptor socket(ends[0]);
    const base::Descriptor peer(ends[1]);
    EXPECT_FALSE(hold_fifo(socket.get()));
    EXPECT_FALSE(hold_fifo(-1));
}

TEST(Fifo, CannotBeWrittenBeforeSomebodyReads) {
    const ScratchFolder folder;
    ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
    EXPECT_EQ(open_pipe(folder / "fifo", PipeEnd::write).problem,
              "cannot open " + (folder / "fifo") + ": nobody reads it");
    const base::Descriptor reader(
        ::open((folder / "fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    EXPECT_EQ(open_pipe(folder / "fifo", PipeEnd::write).problem, "");
}

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

TEST(StreamSocket, OnlyAConnectedOneIsTakenOver) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    const base::Descriptor ours(ends[0]);
    const base::Descriptor theirs(ends[1]);
    EXPECT_EQ(check_stream_socket(ours.get()), "");
    EXPECT_TRUE(is_nonblocking(ours.get()));

    const base::Descriptor fresh(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(check_stream_socket(fresh.get()), "the descriptor is not connected");
    ASSERT_EQ(::listen(fresh.get(), 1), 0);
    EXPECT_EQ(check_stream_socket(fresh.get()), "the descriptor is a listening socket");
    const base::Descriptor datagram(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(check_stream_socket(datagram.get()), "the descriptor is no stream socket");
    EXPECT_EQ(check_stream_socket(1000), "the descriptor is no stream socket");
}

}  // namespace
}  // namespace protohost::net::testing
