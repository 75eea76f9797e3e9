// SPDX-License-Identifier: MIT
#include "daemon/net/pipe.hpp"

#include <array>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <sys/socket.h>
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

bool is_nonblocking(int fd) {
    return (::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

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
