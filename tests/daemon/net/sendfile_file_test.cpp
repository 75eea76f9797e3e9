// SPDX-License-Identifier: MIT
// Files of every kind, and how they are read.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <future>
#include <string>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/rig.hpp"
#include "tests/daemon/net/sendfile_world.hpp"

namespace protohost::net::testing {
namespace {

using World = SendfileWorld;

base::Descriptor open_file(const char* path, int flags) {
    base::Descriptor descriptor(::open(path, flags | O_CLOEXEC));
    EXPECT_TRUE(descriptor) << path;
    return descriptor;
}

TEST(Sendfile, AnEmptyFileIsNoBytesAndNoBytesAreNoFile) {
    World world;
    const File empty("");
    auto [peer, transport] = world.connect();
    const auto never = [](ph_status, int, std::uint64_t) { ADD_FAILURE() << "it was refused"; };
    EXPECT_EQ(transport->sendfile(empty.fd(), 0, 0, never), PH_E_INVAL);
    EXPECT_EQ(transport->sendfile(empty.fd(), std::uint64_t{1} << 63U, 1, never), PH_E_INVAL);
    EXPECT_EQ(transport->sendfile(empty.fd(), 0, to_end, world.sent.done()), PH_OK);
    world.run_reading(peer);
    EXPECT_EQ(world.sent.status, PH_OK);
    EXPECT_EQ(world.sent.bytes, 0u);
}

TEST(Sendfile, SaysHowMuchWentAlsoWhereItFailed) {
    // Memory as a file, which ends with an error: half of it is mapped.
    constexpr std::size_t half = 100 * 4096;
    void* const memory =
        ::mmap(nullptr, 2 * half, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    ASSERT_EQ(::munmap(static_cast<char*>(memory) + half, half), 0);
    const std::string content = pattern(half);
    std::copy(content.begin(), content.end(), static_cast<char*>(memory));
    const base::Descriptor file = open_file("/proc/self/mem", O_RDONLY);
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    for (const Medium medium : those_that_write) {
        World world;
        auto [peer, transport] = world.connect(medium);
        transport->sendfile(file.get(), address, 2 * half, world.sent.done());
        std::string arrived = world.run_reading(peer);
        EXPECT_EQ(world.sent.status, PH_E_OS);
        EXPECT_EQ(world.sent.os_errno, EIO);
        EXPECT_EQ(world.sent.bytes, half);
        EXPECT_EQ(::lseek(file.get(), 0, SEEK_CUR), 0);
        EXPECT_EQ(transport->write("!", 1), PH_OK) << "the connection is as good as before";
        while (arrived.size() < half + 1) arrived += peer.receive();
        EXPECT_TRUE(arrived == content + "!");
    }
    ::munmap(memory, half);
}

TEST(Sendfile, AFileThatCannotBeReadIsNoFaultOfTheConnection) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const base::Descriptor read_end(ends[0]);
    const base::Descriptor write_end(ends[1]);
    const base::Descriptor unreadable = open_file("/dev/null", O_WRONLY);
    for (const Medium medium : those_that_write) {
        World world;
        auto [peer, transport] = world.connect(medium);
        // A pipe is no file, and the other must not be read.
        for (const int fd : {read_end.get(), unreadable.get(), -1}) {
            world.sent = {};
            ASSERT_EQ(transport->sendfile(fd, 0, to_end, world.sent.done()), PH_OK);
            world.run_reading(peer);
            EXPECT_EQ(world.sent.status, PH_E_OS);
            EXPECT_EQ(world.sent.os_errno, fd == read_end.get() ? ESPIPE : EBADF);
            EXPECT_EQ(world.sent.bytes, 0u);
        }
        EXPECT_EQ(transport->write("alive", 5), PH_OK);
        EXPECT_EQ(peer.receive(), "alive");
    }
}

/// What sendfile(2) answers for one byte.
int error_of_kernel(int socket, int file, std::uint64_t at) {
    auto offset = static_cast<off_t>(at);
    return ::sendfile(socket, file, &offset, 1) < 0 ? errno : 0;
}

TEST(Sendfile, ReadsWhereTheKernelCannotCopy) {
    const std::string memory = pattern(300'000);
    const base::Descriptor of_memory = open_file("/proc/self/mem", O_RDONLY);
    const base::Descriptor of_vector = open_file("/proc/self/auxv", O_RDONLY);
    std::string vector(4096, '\0');
    vector.resize(
        static_cast<std::size_t>(::pread(of_vector.get(), vector.data(), vector.size(), 0)));
    struct Case {
        int file;
        std::uint64_t offset;
        std::string content;
    };
    const std::vector<Case> cases{
        {of_memory.get(), reinterpret_cast<std::uintptr_t>(memory.data()), memory},
        {of_vector.get(), 0, vector}};
    for (const bool threads : {true, false}) {
        for (const Medium medium : those_that_write) {
            for (const Case& file : cases) {
                World world;
                if (!threads) world.rig.loop.set_executor(nullptr);
                auto [peer, transport] = world.connect(medium);
                if (medium != Medium::write_pipe) {
                    const int error = error_of_kernel(peer.fd(), file.file, file.offset);
                    EXPECT_TRUE(error == EINVAL || error == EOVERFLOW) << error;
                }
                transport->sendfile(file.file, file.offset, file.content.size(), world.sent.done());
                const std::string arrived = world.run_reading(peer);
                EXPECT_EQ(world.sent.status, PH_OK);
                EXPECT_EQ(world.sent.bytes, file.content.size());
                EXPECT_TRUE(arrived == file.content);
            }
        }
    }
}

/// Work for the only thread of `world` that ends when the promise is kept.
std::promise<void> occupy_thread(World& world) {
    std::promise<void> end;
    world.executor.submit(
        &world, [waits = end.get_future().share()] { waits.wait(); }, [](const auto&) {});
    return end;
}

TEST(Sendfile, AFileThatIsSlowToReadHoldsUpNobodyElse) {
    World world;
    std::promise<void> disk = occupy_thread(world);
    const File file("the file");
    auto slow = world.connect(Medium::write_pipe);
    auto quick = world.rig.connect(world.other);
    slow.transport->sendfile(file.fd(), 0, to_end, world.sent.done());
    for (std::size_t i = 1; i <= 100; ++i) {
        quick.peer.send("x");
        world.rig.run_until([&] { return world.other.received.size() == i; });
    }
    EXPECT_EQ(world.sent.calls, 0u);
    disk.set_value();
    EXPECT_EQ(world.run_reading(slow.peer), "the file");
}

TEST(Sendfile, ReadingForOneThatIsGoneDisturbsNobody) {
    World world;
    std::promise<void> disk = occupy_thread(world);
    const File file("the file");
    Sent aborted;
    auto first = world.connect(Medium::write_pipe);
    auto second = world.rig.connect(Medium::write_pipe, world.other);
    first.transport->sendfile(file.fd(), 0, to_end, world.sent.done());
    second.transport->sendfile(file.fd(), 0, to_end, aborted.done());
    world.rig.run_ready();
    EXPECT_EQ(first.transport->cancel_sendfile(), 0u);
    second.transport->abort();
    world.rig.run_until([&] { return world.rig.ends == 1; });
    EXPECT_EQ(aborted.calls, 1u);
    EXPECT_EQ(aborted.status, PH_E_CLOSED);
    disk.set_value();
    world.rig.run_until([&] { return world.executor.pending(&world) == 0; });
    EXPECT_TRUE(world.rig.idle());
    EXPECT_EQ(world.sent.calls, 0u);
    EXPECT_EQ(first.transport->write("alive", 5), PH_OK);
    EXPECT_EQ(first.peer.receive(), "alive");
}

TEST(Sendfile, OneEventSendsNoMoreThanItsShare) {
    constexpr std::uint64_t share = 256 * 1024;
    World world;
    const File file(pattern(2'000'000));
    auto [peer, transport] = world.connect(Medium::socket_pair);
    ph_info socket{};
    transport->get_extra_info("socket", socket);
    const int large = 1 << 20;
    ::setsockopt(static_cast<int>(socket.number), SOL_SOCKET, SO_SNDBUF, &large, sizeof large);
    transport->sendfile(file.fd(), 0, to_end, world.sent.done());
    std::uint64_t largest = 0;
    world.rig.run_until([&, before = std::uint64_t{0}, t = transport]() mutable {
        largest = std::max(largest, t->traffic().sent - before);
        before = t->traffic().sent;
        while (!peer.receive_ready().empty()) {
        }
        return world.sent.calls == 1;
    });
    EXPECT_EQ(largest, share) << "less would show nothing";
}

}  // namespace
}  // namespace protohost::net::testing
