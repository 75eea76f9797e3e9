// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <fcntl.h>
#include <iterator>
#include <poll.h>
#include <set>
#include <sstream>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/base/descriptor.hpp"
#include "daemon/net/child_process.hpp"
#include "daemon/net/process_plan.hpp"
#include "daemon/net/spawn.hpp"

namespace protohost::net::testing {

inline const std::string usual_path = "PATH=/usr/bin:/bin";

/// A plan with the descriptors of this process.
inline ProcessPlan plan_for(std::vector<std::string> command) {
    ProcessPlan plan;
    plan.command = std::move(command);
    plan.environment = {usual_path};
    plan.descriptors = {{0, 0}, {1, 1}, {2, 2}};
    return plan;
}

/// A line for the shell.
inline ProcessPlan shell(const std::string& line) {
    return plan_for({"/bin/sh", "-c", line});
}

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        reading = base::Descriptor(ends[0]);
        writing = base::Descriptor(ends[1]);
    }
    /// To its end.
    std::string read_all() {
        writing.close();
        std::string all;
        std::array<char, 4096> some;
        for (ssize_t got = 0; (got = ::read(reading.get(), some.data(), some.size())) > 0;) {
            all.append(some.data(), static_cast<std::size_t>(got));
        }
        return all;
    }

    base::Descriptor reading;
    base::Descriptor writing;
};

/// Whether `fd` becomes readable in time.
inline bool becomes_readable(int fd, int milliseconds = 10'000) {
    pollfd waiting{fd, POLLIN, 0};
    return ::poll(&waiting, 1, milliseconds) == 1;
}

inline ProcessExit wait_for(ChildProcess& process) {
    EXPECT_TRUE(becomes_readable(process.handle())) << "it does not end";
    EXPECT_TRUE(process.collect());
    return process.exit().value_or(ProcessExit{});
}

struct Ran {
    ProcessExit exit;
    std::string output;
};

/// Starts it, and collects what it writes to descriptor 1 until that is closed.
inline Ran run(ProcessPlan plan) {
    Pipe pipe;
    plan.descriptors[1] = pipe.writing.get();
    auto started = spawn(plan);
    if (!started) {
        ADD_FAILURE() << base::to_string(base::Errors(started.error()).front());
        return {};
    }
    ChildProcess process(std::move(*started));
    std::string output = pipe.read_all();
    return {wait_for(process), std::move(output)};
}

/// Why it cannot be started.
inline base::Error refusal(const ProcessPlan& plan) {
    auto started = spawn(plan);
    if (!started) return base::Errors(started.error()).front();
    ADD_FAILURE() << "it was started";
    const ChildProcess process(std::move(*started));
    return {};
}

inline std::vector<std::string> words(const std::string& text) {
    std::istringstream in(text);
    return {std::istream_iterator<std::string>(in), {}};
}

}  // namespace protohost::net::testing
