// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <protohost/protocol.hpp>
#include <protohost/testing/values.hpp>
#include <protohost/transport.hpp>

// What transports and the loop promise is written once, in *_contract.cpp, and tried in several
// worlds: over real sockets and pipes of the daemon, and over the test kit's fakes. A world is one
// file, *_world.cpp, which says at its end which contracts hold there.

namespace protohost::contract {

/// The other end of a connection, in the hands of a statement. What a world cannot do fails the
/// test: its file asks for no contract that needs it.
class Link {
public:
    virtual ~Link() = default;

    virtual void send(std::string_view) { ADD_FAILURE() << "this peer sends nothing"; }
    /// Sends no more; still receives.
    virtual void end() { ADD_FAILURE() << "this peer has no end"; }
    /// Breaks the connection, so that the other side learns of an error.
    virtual void reset() { ADD_FAILURE() << "this peer breaks nothing"; }

    static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();
    /// Takes up to `most` of the bytes that have arrived, which makes room for more; never waits.
    virtual std::string receive(std::size_t most = all) = 0;
    /// Whether everything was received, and no more comes.
    virtual bool ended() = 0;

    /// Fills what lies between both ends, so that the last write waits.
    virtual void fill(Transport transport) = 0;

    /// The operator wants it to finish.
    virtual void drain() = 0;
};

/// A loop, in the hands of a statement.
class LoopWorld {
public:
    virtual ~LoopWorld() = default;

    /// Runs what is ready; may wait for a moment where nothing is.
    virtual void turn() = 0;
    /// Runs until nothing more happens by itself.
    virtual void settle() = 0;

    /// Fails the test where `done` does not come about.
    void run_until(const std::function<bool()>& done) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!done()) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline)
                << "what was waited for did not happen";
            turn();
        }
    }
};

/// A loop with transports of one kind.
class World : public LoopWorld {
public:
    /// A connection that serves `protocol`. Lives as long as the world.
    virtual Link& connect(std::unique_ptr<BaseProtocol> protocol,
                          const protohost::testing::WriteBuffer& limits) = 0;

    /// Callbacks that failed: "data_received: what was thrown".
    virtual std::vector<std::string> failures() = 0;
};

template <class W>
struct Kind {
    std::string name;
    std::unique_ptr<W> (*make)();
};
using WorldKind = Kind<World>;

template <class W>
std::string name_of(const ::testing::TestParamInfo<Kind<W>>& info) {
    return info.param.name;
}
template <class W>
void PrintTo(const Kind<W>& kind, std::ostream* out) {
    *out << kind.name;
}

}  // namespace protohost::contract
