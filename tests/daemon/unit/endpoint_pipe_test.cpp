// SPDX-License-Identifier: MIT
// Endpoints that are one end of a pipe.
#include <array>
#include <atomic>
#include <chrono>
#include <fcntl.h>
#include <pty.h>
#include <string>
#include <sys/stat.h>
#include <termios.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/daemon/unit/scenes.hpp"

namespace protohost::unit::testing {
namespace {

using namespace std::chrono_literals;
using net::testing::open_descriptors;
using net::testing::Peer;
using Kind = model::EndpointSpec::Kind;

model::EndpointSpec pipe(Kind kind, const std::string& path) {
    model::EndpointSpec spec;
    spec.kind = kind;
    spec.path = {path, {}};
    // Should it ever double, the test would wait for ever.
    spec.reconnect = model::Reconnect{1ms, 60s, 0.0};
    return spec;
}

class PipeEndpoint : public ::testing::Test {
protected:
    PipeEndpoint() { EXPECT_EQ(::mkfifo(fifo_.c_str(), 0600), 0); }

    net::testing::ScratchFolder folder_;
    const std::string fifo_ = folder_ / "fifo";
    Rig rig_;
};

/// Blocks until the other end is there, as a shell's redirection does.
Peer open_fifo(const std::string& path, int mode) {
    Peer peer(::open(path.c_str(), mode | O_CLOEXEC));
    EXPECT_GE(peer.fd(), 0);
    return peer;
}

TEST_F(PipeEndpoint, ReadsWhatManyWritersWriteThatComeAndGo) {
    constexpr int writers = 500;
    std::atomic<std::size_t> received = 0;
    std::atomic<bool> ended = false;
    Puppet& puppet = rig_.endpoint(pipe(Kind::read, fifo_));
    puppet.story.on = [&](std::string_view) {
        received = puppet.story.received.size();
        received.notify_all();
        ended = puppet.story.count("eof") > 0;
        ended.notify_all();
    };
    puppet.start();
    std::string all;
    for (int i = 0; i < writers; ++i) all += std::to_string(i) + "\n";
    std::jthread writing([&] {
        std::size_t written = 0;
        for (int i = 0; i < writers; ++i) {
            const std::string line = std::to_string(i) + "\n";
            open_fifo(fifo_, O_WRONLY).send(line);
            written += line.size();
            if (i == 0) ended.wait(false);
            // Now and then there is a moment without a writer, and the next one comes into it.
            for (std::size_t seen = received; i % 5 == 0 && seen < written; seen = received) {
                received.wait(seen);
            }
        }
    });
    rig_.run_until([&] { return puppet.story.received.size() == all.size(); });
    EXPECT_EQ(puppet.story.received, all);
}

TEST_F(PipeEndpoint, DoesNotPauseForTheNextWriter) {
    model::EndpointSpec spec = pipe(Kind::read, fifo_);
    spec.reconnect->initial = 1h;
    spec.reconnect->max = 1h;
    Puppet& puppet = rig_.endpoint(spec);
    puppet.start();
    for (std::size_t times = 1; times <= 30; ++times) {
        Peer writer = open_fifo(fifo_, O_WRONLY);
        writer.send("x");
        writer.close();
        rig_.run_until([&] { return puppet.story.count("lost") == times; });
        EXPECT_EQ(puppet.unit().connections(), 1u);
    }
    EXPECT_EQ(puppet.story.received, std::string(30, 'x'));
    open_fifo(fifo_, O_WRONLY);
    rig_.run_until([&] { return puppet.story.count("lost") == 31; });
    EXPECT_EQ(puppet.unit().connections(), 1u) << "nor for one who had nothing to say";
}

TEST_F(PipeEndpoint, PausesWhenItIsItsProtocolThatEnds) {
    model::EndpointSpec spec = pipe(Kind::read, fifo_);
    spec.reconnect->initial = 1h;
    spec.reconnect->max = 1h;
    Puppet& puppet = rig_.endpoint(spec);
    puppet.story.on = [&](std::string_view event) {
        if (event == "made") puppet.story.streams.back().abort();
    };
    puppet.start();
    rig_.run_until([&] { return puppet.story.count("gone") == 1; });
    EXPECT_FALSE(rig_.step_unless_idle()) << "it spins";
}

TEST_F(PipeEndpoint, KeepsWhatItsProtocolHasLeftForTheNext) {
    model::EndpointSpec spec = pipe(Kind::read, fifo_);
    spec.reconnect->initial = 30ms;
    Puppet& puppet = rig_.endpoint(spec);
    puppet.story.on = [&](std::string_view event) {
        if (event == "data" && puppet.story.received == "one ") puppet.story.streams.back().abort();
    };
    puppet.start();
    Peer writer = open_fifo(fifo_, O_WRONLY);
    writer.send("one ");
    rig_.run_until([&] { return puppet.story.count("gone") == 1; });
    ASSERT_EQ(puppet.unit().connections(), 0u) << "it waits for its next attempt";
    writer.send("two ");
    Peer another(::open(fifo_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    ASSERT_GE(another.fd(), 0) << "nobody reads";
    another.send("three");
    rig_.run_until([&] { return puppet.story.received == "one two three"; });
}

TEST_F(PipeEndpoint, LetsGoOfItsFifoWhenItStops) {
    Puppet& puppet = rig_.endpoint(pipe(Kind::read, fifo_));
    puppet.start();
    rig_.run_until([&] { return puppet.story.count("made") == 1; });
    puppet.stop();
    rig_.run_until([&] { return puppet.stopped(); });
    EXPECT_LT(::open(fifo_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC), 0) << "somebody reads";
}

TEST_F(PipeEndpoint, ReadsAFifoThatTookThePlaceOfAnother) {
    Puppet& puppet = rig_.endpoint(pipe(Kind::read, fifo_));
    puppet.start();
    Peer old = open_fifo(fifo_, O_WRONLY);
    old.send("old ");
    rig_.run_until([&] { return puppet.story.received == "old "; });
    ASSERT_EQ(::unlink(fifo_.c_str()), 0);
    ASSERT_EQ(::mkfifo(fifo_.c_str(), 0600), 0);
    old.close();
    rig_.run_until([&] { return puppet.story.count("made") == 2; });
    open_fifo(fifo_, O_WRONLY).send("new");
    rig_.run_until([&] { return puppet.story.received == "old new"; });
}

TEST_F(PipeEndpoint, WritesToEachReaderThatComes) {
    Puppet& puppet = rig_.endpoint(pipe(Kind::write, fifo_));
    puppet.story.on = [&](std::string_view event) {
        if (event == "made") WriteTransport(puppet.story.streams.back()).write("hello");
    };
    puppet.start();
    rig_.run_ready();
    EXPECT_EQ(puppet.story.count("made"), 0u) << "opening would block a process that may";
    for (std::size_t times = 1; times <= 10; ++times) {
        Peer reader(::open(fifo_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        rig_.run_until([&] { return puppet.story.count("made") == times; });
        EXPECT_EQ(reader.receive(), "hello");
        reader.close();
        rig_.run_until([&] { return puppet.story.count("lost") == times; });
    }
}

TEST_F(PipeEndpoint, AFullPipeHoldsUpNobody) {
    Puppet& full = rig_.endpoint(pipe(Kind::write, fifo_));
    Peer reader(::open(fifo_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    full.start();
    rig_.run_until([&] { return full.story.count("made") == 1; });
    const std::string much(1 << 20, 'x');
    WriteTransport writing(full.story.streams.at(0));
    writing.write(much);
    EXPECT_GT(writing.get_write_buffer_size(), 0u);

    const std::string second = folder_ / "second";
    ASSERT_EQ(::mkfifo(second.c_str(), 0600), 0);
    Puppet& other = rig_.endpoint(pipe(Kind::read, second));
    other.start();
    rig_.run_until([&] { return other.story.count("made") == 1; });
    open_fifo(second, O_WRONLY).send("still alive");
    rig_.run_until([&] { return other.story.received == "still alive"; });

    std::string received;
    rig_.run_until([&] {
        received += reader.receive();
        return received.size() == much.size();
    });
    EXPECT_EQ(received, much);
}

TEST_F(PipeEndpoint, TriesAgainForAPathThatComesLater) {
    const std::string later = folder_ / "later";
    model::EndpointSpec spec = pipe(Kind::read, later);
    spec.reconnect->max = 1ms;
    Puppet& puppet = rig_.endpoint(spec);
    puppet.start();
    rig_.run_ready();
    ASSERT_EQ(::mkfifo(later.c_str(), 0600), 0);
    rig_.run_until([&] { return puppet.story.count("made") == 1; });
}

TEST_F(PipeEndpoint, DoesNotOpenAFile) {
    model::EndpointSpec spec = pipe(Kind::write, folder_ / "file");
    Peer(::open(spec.path.value.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)).send("untouched");
    spec.reconnect.reset();
    spec.required = true;
    const std::size_t before = open_descriptors();
    Puppet& puppet = rig_.endpoint(spec);
    puppet.start();
    EXPECT_NE(puppet.unit().given_up().find("no FIFO, socket or character device"),
              std::string::npos)
        << puppet.unit().given_up();
    EXPECT_EQ(open_descriptors(), before);
}

/// A terminal in the hands of the test; what is written comes through as it is.
struct Terminal {
    Terminal() {
        std::array<char, 128> name{};
        int ours = -1;
        int theirs = -1;
        termios raw{};
        ::cfmakeraw(&raw);
        EXPECT_EQ(::openpty(&ours, &theirs, name.data(), &raw, nullptr), 0);
        // Without it the first to close the other end would end this one as well.
        held = base::Descriptor(theirs);
        side = Peer(ours);
        path = name.data();
    }
    Peer side{-1};
    base::Descriptor held;
    std::string path;
};

TEST_F(PipeEndpoint, ReadsAndWritesATerminal) {
    Terminal terminal;
    Puppet& reading = rig_.endpoint(pipe(Kind::read, terminal.path));
    Puppet& writing = rig_.endpoint(pipe(Kind::write, terminal.path));
    reading.start();
    writing.start();
    rig_.run_until([&] { return reading.story.count("made") + writing.story.count("made") == 2; });
    terminal.side.send("typed");
    rig_.run_until([&] { return reading.story.received == "typed"; });
    WriteTransport(writing.story.streams.at(0)).write("shown");
    EXPECT_EQ(terminal.side.receive(), "shown");

    terminal.held.close();
    terminal.side.close();
    rig_.run_until([&] { return reading.story.count("lost") == 1; });
}

TEST_F(PipeEndpoint, OverAnInheritedDescriptorIsOpenedOnce) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const base::Descriptor inherited(ends[0]);
    Peer writer(ends[1]);
    model::EndpointSpec spec;
    spec.kind = Kind::read;
    spec.descriptor = inherited.get();
    spec.reconnect.reset();
    Puppet& puppet = rig_.endpoint(spec);
    puppet.start();
    writer.send("all of it");
    writer.close();
    rig_.run_until([&] { return puppet.story.count("gone") == 1; });
    rig_.run_ready();
    EXPECT_EQ(puppet.story.received, "all of it");
    EXPECT_EQ(puppet.story.count("made"), 1u);
    rig_.end(puppet);
    EXPECT_GE(::fcntl(inherited.get(), F_GETFD), 0) << "it is whose who gave it";
}

TEST_F(PipeEndpoint, OverADescriptorThatIsNoneSaysSo) {
    model::EndpointSpec spec;
    spec.kind = Kind::read;
    spec.descriptor = 1000;
    spec.reconnect.reset();
    spec.required = true;
    Puppet& puppet = rig_.endpoint(spec);
    puppet.start();
    EXPECT_EQ(puppet.unit().given_up(),
              "there is no descriptor 1000 (whoever starts the daemon passes it)");
}

}  // namespace
}  // namespace protohost::unit::testing
