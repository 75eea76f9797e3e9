// SPDX-License-Identifier: MIT
#include <ostream>
#include <string>
#include <tuple>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/daemon.hpp"

namespace protohost::harness {
namespace {

/// One callback that throws; `standard`: a std::exception, else an int.
class ThrowingPlugin : public testing::TestWithParam<std::tuple<const char*, bool>> {
protected:
    std::string callback() const { return std::get<0>(GetParam()); }
    bool standard() const { return std::get<1>(GetParam()); }
    std::string text() const {
        return standard() ? "thrown in " + callback() : "threw something that is no std::exception";
    }

    /// Does what makes the daemon call the callback.
    void provoke(Client& client, const Daemon& daemon) const {
        if (callback() == "make_protocol" || callback() == "connection_made") return;
        const bool floods = callback() == "pause_writing" || callback() == "resume_writing";
        if (floods) {
            const std::size_t before = daemon.log().count("flooded");
            client.send("flood");
            // Reading earlier, the client might be as fast as the daemon is.
            daemon.log().wait_for_count("flooded", before + 1);
            return;
        }
        client.send("hello");
        if (callback() == "eof_received" || callback() == "connection_lost") {
            client.shut_down_writing();
        }
    }
};

TEST_P(ThrowingPlugin, LosesThatOneConnectionAndSaysSoOnce) {
    Daemon daemon({.listeners = listener("sick",
                                         "faulty",
                                         ", options: {throw_in: " + callback() +
                                             ", standard: " + (standard() ? "true" : "false") +
                                             "}, write_buffer: {limit: 64MiB}") +
                                listener("well", "echo")});
    Client other(daemon.port("well"));
    ASSERT_TRUE(other.echoes("before"));

    Client client(daemon.port("sick"), {.receive_buffer = 16384});
    const std::string expected = callback() == "make_protocol"
                                     ? "listener sick: connection from " + client.name() +
                                           " closed: plugin faulty: make_protocol failed: " + text()
                                     : "listener sick: connection from " + client.name() +
                                           " aborted: plugin faulty: " + callback() +
                                           " failed: " + text();
    if (callback() == "drain_requested") {
        ASSERT_TRUE(client.echoes("hello"));
        daemon.signal(SIGTERM);
        EXPECT_NE(client.ending(), Ending::never);
        EXPECT_EQ(other.ending(), Ending::orderly);
    } else {
        provoke(client, daemon);
        EXPECT_NE(client.ending(), Ending::never);
        EXPECT_TRUE(other.echoes("after"));
        // The next connection to the same listener fares no worse.
        Client next(daemon.port("sick"), {.receive_buffer = 16384});
        provoke(next, daemon);
        EXPECT_NE(next.ending(), Ending::never);
        EXPECT_TRUE(other.echoes("at last"));
        daemon.signal(SIGTERM);
    }
    EXPECT_EQ(daemon.wait(), 0);
    EXPECT_EQ(daemon.log().count(expected), 1U);
    EXPECT_EQ(daemon.log().count(" error "), callback() == "drain_requested" ? 1U : 2U);
}

INSTANTIATE_TEST_SUITE_P(Callbacks,
                         ThrowingPlugin,
                         testing::Combine(testing::Values("make_protocol",
                                                          "connection_made",
                                                          "data_received",
                                                          "get_buffer",
                                                          "buffer_updated",
                                                          "eof_received",
                                                          "pause_writing",
                                                          "resume_writing",
                                                          "connection_lost",
                                                          "drain_requested"),
                                          testing::Bool()),
                         [](const auto& tested) {
                             return std::string(std::get<0>(tested.param)) +
                                    (std::get<1>(tested.param) ? "_exception" : "_int");
                         });

TEST(ThrowingFactory, DoesNotKeepTheListenerFromServing) {
    Daemon daemon({.listeners = listener("sick", "faulty", ", options: {throw_in: started}")});
    EXPECT_TRUE(Client(daemon.port("sick")).echoes("hello"));
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(daemon.log().count("listener sick: plugin faulty: started failed: thrown in started; "
                                 "serving all the same"),
              1U);
}

}  // namespace
}  // namespace protohost::harness
