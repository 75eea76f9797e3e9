// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/contract/world.hpp"

#include <protohost/process.hpp>
#include <protohost/protocol.hpp>
#include <protohost/transport.hpp>

namespace protohost::contract {

/// What happened to a subprocess protocol, and what it is to do on each callback. Outlives it.
struct ProcessStory {
    /// "made", "data 1", "pipe 0", "exited", "pause", "resume", "drain", "lost", "destroyed".
    std::vector<std::string> events;
    std::array<std::string, 3> output;
    std::array<int, 3> errors{};  ///< os_errno that the end of each pipe was told with; 0: none
    SubprocessTransport transport;
    std::optional<int> returncode;  ///< in process_exited
    bool in_order = true;           ///< connection_lost(nullptr)

    /// Called with each event; what it throws, the callback throws.
    std::function<void(std::string_view event)> on;
    bool keep_open_at_drain = false;

    std::size_t count(std::string_view event) const {
        return static_cast<std::size_t>(std::count(events.begin(), events.end(), event));
    }
    /// Those of one descriptor, without how many pieces its data came in.
    std::vector<std::string> of(int fd) const {
        std::vector<std::string> all;
        for (const std::string& event : events) {
            if (!event.ends_with(" " + std::to_string(fd))) continue;
            if (all.empty() || all.back() != event) all.push_back(event);
        }
        return all;
    }
    bool is_over() const { return count("destroyed") != 0; }
    void happened(std::string_view event) {
        events.emplace_back(event);
        if (on) on(event);
    }
};

class ProcessRecorder final : public SubprocessProtocol {
public:
    explicit ProcessRecorder(ProcessStory& story) : story_(story) {}
    ~ProcessRecorder() override { story_.events.emplace_back("destroyed"); }

    void connection_made(SubprocessTransport transport) override {
        story_.transport = transport;
        story_.happened("made");
    }
    void pipe_data_received(int fd, Bytes data) override {
        story_.output[static_cast<std::size_t>(fd)] += as_text(data);
        story_.happened((data.empty() ? "nothing " : "data ") + std::to_string(fd));
    }
    void pipe_connection_lost(int fd, const Error* exc) override {
        if (exc != nullptr) story_.errors[static_cast<std::size_t>(fd)] = exc->os_errno;
        story_.happened("pipe " + std::to_string(fd));
    }
    void process_exited() override {
        story_.returncode = story_.transport.get_returncode();
        story_.happened("exited");
    }
    void pause_writing() override { story_.happened("pause"); }
    void resume_writing() override { story_.happened("resume"); }
    bool drain_requested(TimePoint) override {
        story_.happened("drain");
        return story_.keep_open_at_drain;
    }
    void connection_lost(const Error* exc) override {
        story_.in_order = exc == nullptr;
        story_.happened("lost");
    }

private:
    ProcessStory& story_;
};

/// A program in the hands of a statement.
class Program {
public:
    virtual ~Program() = default;

    /// Writes to 1 or 2.
    virtual void say(int fd, std::string_view text) = 0;
    /// Closes one of its descriptors, and lives on.
    virtual void close(int fd) = 0;
    /// Begins to read so much; what has come of it.
    virtual void listen(std::size_t size) = 0;
    virtual std::string heard() = 0;
    virtual void exit(int code) = 0;
    /// The same, while somebody whom it has started holds its pipes, until let_go().
    virtual void exit_before_its_pipes(int code) = 0;
    virtual void let_go() = 0;
};

/// A loop on which programs can be started.
class ProcessWorld : public LoopWorld {
public:
    struct Settings {
        SubprocessOptions options = {};
        bool handles_terminate = false;  ///< the program does not end at SIGTERM
    };

    /// One that serves `protocol`, and runs. Lives as long as the world.
    virtual Program& start(std::unique_ptr<SubprocessProtocol> protocol,
                           const Settings& settings) = 0;

    /// The operator wants all to finish, and waits for so long.
    virtual void drain() = 0;
    /// Callbacks that failed: "pipe_data_received: what was thrown".
    virtual std::vector<std::string> failures() = 0;
};

using ProcessKind = Kind<ProcessWorld>;

}  // namespace protohost::contract
