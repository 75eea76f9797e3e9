// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <fcntl.h>
#include <functional>
#include <future>
#include <string>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/net/executor.hpp"
#include "tests/daemon/net/datagram_rig.hpp"
#include "tests/daemon/net/rig.hpp"

namespace protohost::net::testing {
namespace {

using Events = std::vector<std::string>;

constexpr std::array those_that_write{Medium::tcp, Medium::socket_pair, Medium::write_pipe};
constexpr std::uint64_t to_end = Transport::to_end_of_file;

/// Bytes that show when some are missing, doubled or moved.
std::string pattern(std::size_t size) {
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

base::Descriptor open_file(const char* path, int flags) {
    base::Descriptor descriptor(::open(path, flags | O_CLOEXEC));
    EXPECT_TRUE(descriptor) << path;
    return descriptor;
}

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
struct World {
    World() { rig.loop.set_executor(&executor); }
    ~World() {
        // What it does on a callback refers to a test that is over.
        recorder.on = nullptr;
        rig.loop.set_executor(nullptr);
    }
    World(const World&) = delete;
    World& operator=(const World&) = delete;

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

TEST(Sendfile, SendsAPartOrToTheEnd) {
    const std::string content = pattern(300'000);
    struct Part {
        std::uint64_t offset;
        std::uint64_t count;
        std::string expected;
    };
    const std::vector<Part> parts{{0, to_end, content},
                                  {1000, to_end, content.substr(1000)},
                                  {1000, 70'000, content.substr(1000, 70'000)},
                                  {299'990, 100, content.substr(299'990)},
                                  {300'000, to_end, ""},
                                  {300'001, 1, ""}};
    for (const Medium medium : those_that_write) {
        for (const Part& part : parts) {
            World world;
            const File file(content);
            auto [peer, transport] = world.connect(medium);
            ASSERT_EQ(transport->sendfile(file.fd(), part.offset, part.count, world.sent.done()),
                      PH_OK);
            EXPECT_EQ(world.sent.calls, 0u) << "never from inside";
            const std::string arrived = world.run_reading(peer);
            EXPECT_EQ(world.sent.status, PH_OK);
            EXPECT_EQ(world.sent.bytes, part.expected.size());
            EXPECT_TRUE(arrived == part.expected);
            EXPECT_EQ(::lseek(file.fd(), 0, SEEK_CUR), 0) << "its position is nobody's business";
        }
    }
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

TEST(Sendfile, GoesBehindWhatWaitsAndPausesReading) {
    for (const Medium medium : {Medium::tcp, Medium::socket_pair}) {
        World world;
        const File file("the file");
        auto [peer, transport] = world.connect(medium);
        Rig::fill(*transport);
        ASSERT_EQ(transport->sendfile(file.fd(), 0, to_end, world.sent.done()), PH_OK);
        EXPECT_FALSE(transport->is_reading());
        peer.send("meanwhile");
        EXPECT_TRUE(world.rig.idle()) << "it waits for the peer, and reads nothing";
        EXPECT_EQ(world.recorder.received, "");
        EXPECT_EQ(world.sent.calls, 0u);

        const std::string arrived = world.run_reading(peer);
        EXPECT_TRUE(transport->is_reading());
        EXPECT_EQ(arrived.find_first_not_of('f'), arrived.size() - 8);
        EXPECT_EQ(arrived.substr(arrived.size() - 8), "the file");
        world.rig.run_until([&] { return world.recorder.received == "meanwhile"; });
    }
}

TEST(Sendfile, GoesBehindWhatTheSameCallbackWrote) {
    World world;
    const File file("the file");
    auto [peer, transport] = world.connect();
    world.recorder.on = [&, t = transport](std::string_view event) {
        if (event != "data") return PH_OK;
        t->write("a header, ", 10);
        EXPECT_EQ(t->sendfile(file.fd(), 0, to_end, world.sent.done()), PH_OK);
        return PH_OK;
    };
    peer.send("x");
    world.rig.run_until([&] { return world.sent.calls == 1; });
    EXPECT_EQ(transport->write(", a trailer", 11), PH_OK);
    EXPECT_EQ(peer.receive(10), "a header, ");
    EXPECT_EQ(peer.receive(), "the file, a trailer");
}

TEST(Sendfile, LeavesTheProtocolsOwnPauseAsItIs) {
    World world;
    const File file("the file");
    auto [peer, transport] = world.connect();
    const auto wait_for = [&](unsigned count) {
        world.rig.run_until([&] { return world.sent.calls == count; });
    };
    transport->pause_reading();
    transport->sendfile(file.fd(), 0, to_end, world.sent.done());
    wait_for(1);
    EXPECT_FALSE(transport->is_reading()) << "paused before";

    transport->resume_reading();
    transport->sendfile(file.fd(), 0, to_end, world.sent.done());
    transport->pause_reading();
    wait_for(2);
    EXPECT_FALSE(transport->is_reading()) << "paused meanwhile";

    transport->sendfile(file.fd(), 0, to_end, world.sent.done());
    transport->resume_reading();
    EXPECT_FALSE(transport->is_reading());
    wait_for(3);
    EXPECT_TRUE(transport->is_reading()) << "resumed meanwhile";
}

TEST(Sendfile, BegunInGetBufferReadsNothingMore) {
    World world;
    Recorder buffered(true);
    Rig rig;
    const File file("the file");
    auto [peer, transport] = rig.connect(buffered);
    buffered.on = [&, t = transport](std::string_view event) {
        if (event == "get_buffer" && world.sent.calls == 0) {
            t->sendfile(file.fd(), 0, to_end, world.sent.done());
        }
        return PH_OK;
    };
    peer.send("x");
    rig.run_until([&] { return world.sent.calls == 1; });
    EXPECT_EQ(buffered.received, "");
    rig.run_until([&] { return buffered.received == "x"; });
}

TEST(Sendfile, RefusesWritesWhileItRuns) {
    static int releases;
    releases = 0;
    World world;
    const File file(pattern(300'000));
    auto [peer, transport] = world.connect();
    transport->sendfile(file.fd(), 0, to_end, world.sent.done());
    const ph_iov piece{"piece", 5};
    EXPECT_EQ(transport->write("x", 1), PH_E_BUSY);
    EXPECT_EQ(transport->write(nullptr, 0), PH_E_BUSY);
    EXPECT_EQ(transport->writelines(&piece, 1), PH_E_BUSY);
    EXPECT_EQ(transport->write_owned(
                  piece, [](void*) { ++releases; }, nullptr),
              PH_E_BUSY);
    EXPECT_EQ(releases, 1);
    EXPECT_EQ(transport->sendfile(file.fd(), 0, to_end, [](auto...) {}), PH_E_BUSY);
    EXPECT_EQ(transport->traffic().dropped, 0u) << "whoever is told to come later loses nothing";
    EXPECT_EQ(transport->get_write_buffer_size(), 0u);
    std::string arrived = world.run_reading(peer);
    EXPECT_EQ(transport->write("!", 1), PH_OK);
    while (arrived.size() < 300'001) arrived += peer.receive();
    EXPECT_TRUE(arrived == pattern(300'000) + "!");
}

TEST(Sendfile, IsRefusedOnAClosingTransportAndWhereThereIsNone) {
    const File file("the file");
    const auto never = [](ph_status, int, std::uint64_t) { ADD_FAILURE() << "it was refused"; };
    World world;
    StreamTransport& flushing = *world.connect().transport;
    Rig::fill(flushing);
    flushing.close();
    EXPECT_EQ(flushing.sendfile(file.fd(), 0, to_end, never), PH_E_CLOSED);
    flushing.abort();
    EXPECT_EQ(flushing.sendfile(file.fd(), 0, to_end, never), PH_E_CLOSED);

    auto ended = world.rig.connect(world.other);
    ended.transport->write_eof();
    EXPECT_EQ(ended.transport->sendfile(file.fd(), 0, to_end, never), PH_E_EOF_WRITTEN);

    Recorder reading;
    DatagramRecorder datagrams;
    Rig rig;
    auto pipe = rig.connect(Medium::read_pipe, reading);
    EXPECT_EQ(pipe.transport->sendfile(file.fd(), 0, to_end, never), PH_E_UNSUPPORTED);
    EXPECT_EQ(pipe.transport->cancel_sendfile(), 0u);
    DatagramTransport& endpoint = serve(rig, datagrams, bound(udp()));
    EXPECT_EQ(endpoint.sendfile(file.fd(), 0, to_end, never), PH_E_UNSUPPORTED);
    EXPECT_EQ(endpoint.cancel_sendfile(), 0u);
}

TEST(Sendfile, APeerThatGoesIsToldToBoth) {
    for (const Medium medium : those_that_write) {
        World world;
        const File file(pattern(1'000'000));
        auto connection = world.connect(medium);
        world.recorder.on = [&](std::string_view event) {
            if (event == "lost") {
                EXPECT_EQ(world.sent.calls, 1u) << "the one before the other";
            }
            return PH_OK;
        };
        connection.transport->sendfile(file.fd(), 0, to_end, world.sent.done());
        world.run_until_some_is_sent();
        connection.peer.reset();
        world.rig.run_until([&] { return world.recorder.count("destroy") == 1; });
        EXPECT_EQ(world.sent.calls, 1u);
        EXPECT_EQ(world.sent.status, PH_E_OS);
        EXPECT_EQ(world.recorder.count("lost:" + std::to_string(world.sent.os_errno)), 1u);
        EXPECT_GT(world.sent.bytes, 0u);
        EXPECT_LT(world.sent.bytes, 1'000'000u);
    }
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

TEST(Sendfile, ClosingSendsAllOfItFirst) {
    for (const Medium medium : those_that_write) {
        World world;
        const File file(pattern(300'000));
        auto [peer, transport] = world.connect(medium);
        transport->sendfile(file.fd(), 0, to_end, world.sent.done());
        transport->close();
        EXPECT_TRUE(transport->is_closing());
        EXPECT_TRUE(world.run_to_the_end(peer) == pattern(300'000));
        EXPECT_EQ(world.sent.status, PH_OK);
        EXPECT_EQ(world.sent.bytes, 300'000u);
        EXPECT_EQ(world.recorder.events, (Events{"made", "lost", "destroy"}));
    }
}

TEST(Sendfile, TheEndIsWrittenBehindIt) {
    World world;
    const File file(pattern(300'000));
    auto [peer, transport] = world.connect();
    transport->sendfile(file.fd(), 0, to_end, world.sent.done());
    EXPECT_EQ(transport->write_eof(), PH_OK);
    EXPECT_EQ(transport->write("x", 1), PH_E_EOF_WRITTEN);
    std::string arrived = world.run_reading(peer);
    arrived += peer.receive_all();
    EXPECT_TRUE(arrived == pattern(300'000));
    EXPECT_FALSE(transport->is_closing());
    peer.send("still read");
    world.rig.run_until([&] { return world.recorder.received == "still read"; });
}

TEST(Sendfile, AbortingTellsItBeforeConnectionLostAndNotFromInside) {
    for (const Medium medium : those_that_write) {
        for (const bool at_once : {true, false}) {
            World world;
            const File file(pattern(1'000'000));
            auto [peer, transport] = world.connect(medium);
            world.recorder.on = [&](std::string_view event) {
                if (event == "lost") {
                    EXPECT_EQ(world.sent.calls, 1u);
                }
                return PH_OK;
            };
            transport->sendfile(file.fd(), 0, to_end, world.sent.done());
            if (!at_once) world.run_until_some_is_sent();
            const std::uint64_t went = transport->traffic().sent;
            transport->abort();
            EXPECT_EQ(world.sent.calls, 0u);
            EXPECT_EQ(transport->write("x", 1), PH_E_CLOSED);
            world.rig.run_until([&] { return world.recorder.count("destroy") == 1; });
            EXPECT_EQ(world.sent.calls, 1u);
            EXPECT_EQ(world.sent.status, PH_E_CLOSED);
            EXPECT_EQ(world.sent.bytes, went);
        }
    }
}

TEST(Sendfile, CancellingStopsItAndTellsHowFarItCame) {
    for (const Medium medium : those_that_write) {
        World world;
        const File file(pattern(1'000'000));
        auto [peer, transport] = world.connect(medium);
        transport->sendfile(file.fd(), 0, to_end, world.sent.done());
        world.run_until_some_is_sent();
        const std::uint64_t went = transport->cancel_sendfile();
        EXPECT_EQ(went, transport->traffic().sent);
        EXPECT_EQ(transport->cancel_sendfile(), 0u);
        EXPECT_EQ(transport->is_reading(), medium != Medium::write_pipe);
        EXPECT_EQ(transport->write("!", 1), PH_OK);
        transport->close();
        EXPECT_TRUE(world.run_to_the_end(peer) == pattern(1'000'000).substr(0, went) + "!");
        EXPECT_EQ(world.sent.calls, 0u);
    }
}

TEST(Sendfile, CancellingLetsGoOnWhatWaitedForIt) {
    const File file(pattern(1'000'000));
    World closing;
    StreamTransport& closes = *closing.connect().transport;
    closes.sendfile(file.fd(), 0, to_end, closing.sent.done());
    closes.close();
    closing.run_until_some_is_sent();
    closes.cancel_sendfile();
    closing.rig.run_until([&] { return closing.rig.ends == 1; });
    EXPECT_EQ(closing.recorder.events, (Events{"made", "lost", "destroy"}));
    EXPECT_EQ(closing.sent.calls, 0u);

    World ending;
    auto [peer, transport] = ending.connect();
    transport->sendfile(file.fd(), 0, to_end, ending.sent.done());
    transport->write_eof();
    const std::uint64_t went = transport->cancel_sendfile();
    EXPECT_EQ(peer.receive_all().size(), went);
}

TEST(Sendfile, CancelledAfterTheLossItIsNotToldOfIt) {
    World world;
    const File file("the file");
    auto [peer, transport] = world.connect();
    transport->sendfile(file.fd(), 0, to_end, world.sent.done());
    transport->abort();
    EXPECT_EQ(transport->cancel_sendfile(), 0u);
    world.rig.run_until([&] { return world.rig.ends == 1; });
    EXPECT_EQ(world.sent.calls, 0u);
}

TEST(Sendfile, TheNextMayBeginWhereOneIsOver) {
    for (const Medium medium : those_that_write) {
        World world;
        const File file("file ");
        auto connection = world.connect(medium);
        StreamTransport& transport = *connection.transport;
        int files = 0;
        std::function<void()> send_next = [&] {
            const ph_status begun =
                transport.sendfile(file.fd(), 0, to_end, [&](ph_status status, int, std::uint64_t) {
                    EXPECT_EQ(status, PH_OK);
                    ++files < 3 ? send_next() : transport.close();
                });
            EXPECT_EQ(begun, PH_OK);
        };
        send_next();
        EXPECT_EQ(world.run_to_the_end(connection.peer), "file file file ");
    }
}

TEST(Sendfile, AFlowThatResumesMeanwhileIsToldAndMayNotWrite) {
    World world;
    const File file(pattern(300'000));
    auto [peer, transport] = world.connect();
    transport->set_write_buffer_limits(0, 0);
    std::vector<ph_status> answers;
    world.recorder.on = [&, t = transport](std::string_view event) {
        if (event == "resume") answers.push_back(t->write("x", 1));
        return PH_OK;
    };
    Rig::fill(*transport);
    transport->sendfile(file.fd(), 0, to_end, world.sent.done());
    world.run_reading(peer);
    EXPECT_EQ(answers, std::vector<ph_status>{PH_E_BUSY});
    EXPECT_EQ(world.recorder.count("pause"), 1u);
}

TEST(Sendfile, BegunWhenTheFlowResumesGoesOutOnce) {
    for (const Medium medium : those_that_write) {
        World world;
        const File file("the file");
        auto [peer, transport] = world.connect(medium);
        transport->set_write_buffer_limits(0, 0);
        world.recorder.on = [&, t = transport](std::string_view event) {
            if (event == "resume") t->sendfile(file.fd(), 0, to_end, world.sent.done());
            return PH_OK;
        };
        Rig::fill(*transport);
        const std::string arrived = world.run_reading(peer);
        EXPECT_EQ(arrived.find_first_not_of('f'), arrived.size() - 8);
        EXPECT_EQ(world.sent.bytes, 8u);
    }
}

TEST(Sendfile, APeerThatTakesNoneOfItIsStalled) {
    World world;
    const File file(pattern(1'000'000));
    auto [peer, transport] =
        world.rig.connect(Medium::tcp, world.recorder, {{}, {}, std::chrono::milliseconds(40)});
    transport->sendfile(file.fd(), 0, to_end, world.sent.done());
    world.rig.run_until([&] { return world.rig.ends == 1; });
    EXPECT_EQ(world.sent.status, PH_E_TIMEOUT);
    EXPECT_EQ(world.recorder.count("lost:" + std::to_string(PH_E_TIMEOUT)), 1u);
}

}  // namespace
}  // namespace protohost::net::testing
