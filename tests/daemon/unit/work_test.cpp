// SPDX-License-Identifier: MIT
// run_in_executor, of which the rig has one thread, and sendfile.
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/unit/scenes.hpp"

#include <protohost/plugin.hpp>

namespace protohost::unit::testing {
namespace {

/// Work that begins and does not end before it may.
class Gate {
public:
    auto work() {
        return [this] {
            begun_.set_value();
            open_.get_future().wait();
            ended = true;
        };
    }
    void wait_until_begun() { begun_.get_future().wait(); }
    void open() { open_.set_value(); }

    std::atomic<bool> ended = false;

private:
    std::promise<void> begun_;
    std::promise<void> open_;
};

class RunInExecutor : public ::testing::Test {
protected:
    RunInExecutor() { puppet_.start(); }

    /// Writes down how it ended under `name`.
    auto say(std::string name) {
        return [this, name](auto result) {
            try {
                result.get();
                ends_.push_back(name + " done");
            } catch (const std::future_error&) {
                ends_.push_back(name + " cancelled");
            } catch (const std::exception& exception) {
                ends_.push_back(name + " threw " + exception.what());
            }
        };
    }
    void run_until_ends(std::size_t count) {
        rig_.run_until([&] { return ends_.size() == count; });
    }
    using Ends = std::vector<std::string>;

    Ends ends_;
    Rig rig_;
    Puppet& puppet_ = rig_.listener();
    Loop loop_ = puppet_.loop();
};

TEST_F(RunInExecutor, WorksElsewhereAndAnswersOnTheLoop) {
    bool worked_on_loop = true;
    bool answered_on_loop = false;
    int answer = 0;
    loop_.run_in_executor(
        [&] {
            worked_on_loop = loop_.on_loop();
            return 42;
        },
        [&](std::future<int> result) {
            answered_on_loop = loop_.on_loop();
            answer = result.get();
        });
    EXPECT_EQ(answer, 0);
    rig_.run_until([&] { return answer != 0; });
    EXPECT_EQ(answer, 42);
    EXPECT_FALSE(worked_on_loop);
    EXPECT_TRUE(answered_on_loop);
}

TEST_F(RunInExecutor, HandsOnWhatTheWorkThrows) {
    loop_.run_in_executor([]() -> void { throw std::runtime_error("no luck"); }, say("work"));
    run_until_ends(1);
    EXPECT_EQ(ends_, (Ends{"work threw no luck"}));
}

TEST_F(RunInExecutor, LogsWorkThatThrowsAcrossTheBorder) {
    // Written without the SDK, which lets nothing pass.
    struct Raw {
        unsigned done = 0;
    } raw;
    puppet_.api().run_in_executor(
        puppet_.context(),
        [](void*) { throw std::runtime_error("across"); },
        [](void* self) { ++static_cast<Raw*>(self)->done; },
        &raw);
    rig_.run_until([&] { return raw.done != 0; });
    rig_.run_ready();
    EXPECT_EQ(raw.done, 1u);
}

TEST_F(RunInExecutor, IsCancelledBeforeItBeginsAndTooLateAfterwards) {
    Gate gate;
    Handle running = loop_.run_in_executor(gate.work(), say("running"));
    bool worked = false;
    Handle waiting = loop_.run_in_executor([&] { worked = true; }, say("waiting"));
    gate.wait_until_begun();
    waiting.cancel();
    running.cancel();
    EXPECT_EQ(ends_, Ends{});
    run_until_ends(1);
    EXPECT_EQ(ends_, (Ends{"waiting cancelled"}));
    gate.open();
    run_until_ends(2);
    EXPECT_EQ(ends_.back(), "running done");
    rig_.run_ready();
    EXPECT_EQ(ends_.size(), 2u);
    EXPECT_FALSE(worked);
}

TEST_F(RunInExecutor, IsNeitherToldTwiceNorForgottenWhateverIsCancelledWhen) {
    constexpr std::size_t count = 400;
    std::vector<Handle> handles;
    for (std::size_t i = 0; i < count; ++i) {
        handles.push_back(loop_.run_in_executor([] {}, say(std::to_string(i))));
        if (i % 3 == 0) handles.back().cancel();
        if (i % 3 == 1) rig_.run_ready();
        if (i % 5 == 0) handles[i / 2].cancel();
    }
    run_until_ends(count);
    rig_.run_ready();
    EXPECT_EQ(ends_.size(), count);
}

TEST_F(RunInExecutor, ItsUnitWaitsForWhatRunsAndCancelsWhatDoesNot) {
    Gate gate;
    loop_.run_in_executor(gate.work(), say("running"));
    loop_.run_in_executor([] {}, say("waiting"));
    gate.wait_until_begun();
    puppet_.stop();
    EXPECT_EQ(ends_, Ends{});
    run_until_ends(1);
    EXPECT_EQ(ends_, (Ends{"waiting cancelled"}));
    rig_.run_ready();
    EXPECT_FALSE(puppet_.stopped()) << "its code would go under running work";
    gate.open();
    rig_.run_until([&] { return puppet_.stopped(); });
    EXPECT_EQ(ends_, (Ends{"waiting cancelled", "running done"}));
}

TEST_F(RunInExecutor, IsRefusedWhileTheUnitGoes) {
    puppet_.stop();
    auto witness = std::make_shared<int>();
    const std::weak_ptr<int> held = witness;
    loop_.run_in_executor([kept = std::move(witness)] {}, say("late"));
    EXPECT_TRUE(held.expired()) << "what is refused is destroyed";
    rig_.run_ready();
    EXPECT_EQ(ends_, Ends{});
}

TEST_F(RunInExecutor, OutlivesNoUnitThatIsDestroyedAtOnce) {
    Gate gate;
    bool in_time = false;
    loop_.run_in_executor(gate.work(), [&](std::future<void>) { in_time = gate.ended; });
    loop_.run_in_executor([] {}, say("waiting"));
    gate.wait_until_begun();
    std::jthread opener([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        gate.open();
    });
    puppet_.destroy();
    EXPECT_TRUE(in_time) << "told, or forgotten, while the work still ran";
    EXPECT_EQ(ends_, (Ends{"waiting cancelled"}));
}

class SendFile : public ::testing::Test {
protected:
    SendFile() { puppet_.start(); }
    void TearDown() override { peers_.leave(); }

    /// What `done` was told.
    struct Sent {
        unsigned count = 0;
        ph_status status = PH_OK;
        std::string text;
        std::uint64_t bytes = 0;
    };
    auto done(Sent& sent) {
        return [&sent](const Error* exc, std::uint64_t bytes) {
            ++sent.count;
            sent.bytes = bytes;
            if (exc == nullptr) return;
            sent.status = exc->status;
            sent.text = exc->message;
        };
    }

    Peers peers_;
    Rig rig_;
    Puppet& puppet_ = rig_.listener();
};

TEST_F(SendFile, OverATransportThatIsLostIsToldSo) {
    puppet_.loop().create_connection([this] { return puppet_.story.stream(); },
                                     Sock{peers_.socket_end(SOCK_STREAM)});
    rig_.run_until([&] { return puppet_.story.count("made") == 1; });
    const Transport transport = puppet_.story.streams.at(0);
    puppet_.story.streams.at(0).abort();
    rig_.run_until([&] { return puppet_.story.count("lost") == 1; });
    Sent sent;
    puppet_.loop().sendfile(transport, 0, 0, {}, done(sent));
    EXPECT_EQ(sent.count, 0u);
    rig_.run_until([&] { return sent.count != 0; });
    rig_.run_ready();
    EXPECT_EQ(sent.count, 1u);
    EXPECT_EQ(sent.status, PH_E_CLOSED);
    EXPECT_EQ(sent.text, "the transport is closing");
    EXPECT_EQ(sent.bytes, 0u);
}

TEST_F(SendFile, OverDatagramsIsRefusedAndCanBeCancelled) {
    puppet_.loop().create_datagram_endpoint([this] { return puppet_.story.datagram(); },
                                            {.local_addr = "127.0.0.1:0"});
    rig_.run_until([&] { return puppet_.story.count("made") == 1; });
    Sent refused;
    Sent cancelled;
    const DatagramTransport transport = puppet_.story.datagrams.at(0);
    puppet_.loop().sendfile(transport, 0, 0, {}, done(refused));
    Handle second = puppet_.loop().sendfile(transport, 0, 0, {}, done(cancelled));
    second.cancel();
    EXPECT_EQ(refused.count + cancelled.count, 0u);
    rig_.run_until([&] { return refused.count + cancelled.count == 2; });
    EXPECT_EQ(refused.status, PH_E_UNSUPPORTED);
    EXPECT_NE(refused.text, "");
    EXPECT_EQ(cancelled.status, PH_E_CANCELLED);
}

TEST_F(SendFile, IsRefusedWhileTheUnitGoes) {
    puppet_.loop().create_connection([this] { return puppet_.story.stream(); },
                                     Sock{peers_.socket_end(SOCK_STREAM)});
    rig_.run_until([&] { return puppet_.story.count("made") == 1; });
    puppet_.story.keep_open_at_drain = true;
    puppet_.stop();
    Sent sent;
    puppet_.loop().sendfile(puppet_.story.streams.at(0), 0, 0, {}, done(sent));
    rig_.run_ready();
    EXPECT_EQ(sent.count, 0u);
    puppet_.unit().abort_connections();
}

}  // namespace
}  // namespace protohost::unit::testing
