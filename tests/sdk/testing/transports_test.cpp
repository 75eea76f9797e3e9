// SPDX-License-Identifier: MIT
#include <cerrno>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <protohost/plugin.hpp>
#include <protohost/testing.hpp>

namespace protohost::testing {
namespace {

using namespace std::chrono_literals;
using Events = std::vector<std::string>;

/// Answers each piece that it gets, and pauses as it should.
struct Answering final : Protocol {
    void connection_made(Transport transport) override { transport_ = transport; }
    void data_received(Bytes data) override {
        if (as_text(data) == "throw") throw std::runtime_error("as told");
        transport_.writelines({"<", as_text(data), ">"});
    }
    void pause_writing() override { transport_.pause_reading(); }
    void resume_writing() override { transport_.resume_reading(); }
    bool drain_requested(TimePoint) override { return true; }

    Transport transport_;
};

TEST(Connection, RecordsWhatTheProtocolDid) {
    Host host;
    Connection connection(
        host, std::make_unique<Answering>(), {.write_buffer = {.high = 4, .low = 0}});
    connection.feed_data("one");
    connection.kernel_room(0);
    connection.feed_data("two");
    EXPECT_EQ(connection.written(), "<one>");
    connection.kernel_room(Connection::unlimited);
    EXPECT_EQ(connection.written(), "<one><two>");
    connection.transport().close();
    EXPECT_EQ(connection.events(),
              (Events{"writelines 5", "writelines 5", "pause_reading", "resume_reading", "close"}));
}

TEST(Connection, GivesTheProtocolOfTheKindThatIsAskedFor) {
    Host host;
    Connection connection(host, std::make_unique<Answering>());
    EXPECT_TRUE(connection.protocol<Answering>().transport_ == connection.transport());
    EXPECT_THROW(connection.protocol<BufferedProtocol>(), std::logic_error);
    EXPECT_THROW(Connection(host, std::make_unique<DatagramProtocol>()), std::invalid_argument);
}

TEST(Connection, TellsWhyItWasLostAndWhatWentNowhere) {
    Host host;
    Connection failing(host, std::make_unique<Answering>());
    failing.feed_data("throw");
    EXPECT_EQ(failing.lost(), (Loss{PH_E_EXCEPTION, 0, "as told"}));
    EXPECT_EQ(failing.failures(), Events{"data_received: as told"});
    EXPECT_TRUE(host.logged("data_received failed: as told"));

    Connection broken(host, std::make_unique<Answering>());
    broken.kernel_room(0);
    broken.feed_data("12");
    broken.lose(ETIMEDOUT);
    ASSERT_TRUE(broken.lost());
    EXPECT_EQ(broken.lost()->os_errno, ETIMEDOUT);
    EXPECT_EQ(broken.dropped(), 4u);
}

TEST(Connection, IsAbortedAtTheDeadlineOfADrain) {
    Host host;
    Connection connection(host, std::make_unique<Answering>());
    connection.drain(5s);
    host.advance(4999ms);
    EXPECT_FALSE(connection.lost());
    host.advance(1ms);
    EXPECT_TRUE(connection.lost());
}

TEST(Connection, KnowsWhatTheTestSaysOfIt) {
    Host host;
    Connection connection(host, std::make_unique<Answering>());
    connection.set_extra_info("peername", "[2001:db8::1]:80");
    connection.set_extra_info("cipher", "a good one");
    connection.set_extra_info("socket", 42);
    EXPECT_EQ(connection.transport().get_extra_info("peername").address().ip(), "2001:db8::1");
    EXPECT_EQ(connection.transport().get_extra_info("cipher", "none"), "a good one");
    EXPECT_EQ(connection.transport().get_extra_info("socket").descriptor(), 42);
}

TEST(Connection, OverAPipeHasOneDirection) {
    Host host;
    Connection pipe(host, std::make_unique<Answering>(), {.channel = Channel::write_pipe});
    EXPECT_THROW(pipe.feed_data("x"), std::logic_error);
    EXPECT_THROW(pipe.feed_eof(), std::logic_error);
    EXPECT_EQ(pipe.transport().write("x"), WriteStatus::accepted);
    EXPECT_EQ(pipe.written(), "x");
}

/// Tells the time to whoever asks, in its own zone.
class Clock final : public DatagramProtocol {
public:
    explicit Clock(std::string zone) : zone_(std::move(zone)) {}

    void connection_made(DatagramTransport transport) override { transport_ = transport; }
    void datagram_received(Bytes, const Address& addr) override {
        transport_.sendto("noon " + zone_, addr);
    }
    void error_received(const Error& exc, const Address& destination) override {
        log().warn(destination.text() + ": " + std::string(exc.message));
    }

private:
    std::string zone_;
    DatagramTransport transport_;
};

class ClockFactory {
public:
    explicit ClockFactory(const Options& options) : zone_(options.get<std::string>("zone")) {}
    std::unique_ptr<Clock> operator()() { return std::make_unique<Clock>(zone_); }
    void started(Loop loop) { loop.log().info("ticks"); }

private:
    std::string zone_;
};

constexpr ph_option options[] = {option("zone", OptionType::string, "UTC", "of the clock")};
constexpr ph_factory clock_factory = factory<ClockFactory>("clock", "tells the time", options);

TEST(DatagramEndpoint, ConfiguresItsFactoryAsTheDaemonDoes) {
    Host host;
    {
        DatagramEndpoint clock(host, clock_factory, {{"zone", "CET"}});
        clock.feed_datagram("time?", "192.0.2.1:4000");
        EXPECT_EQ(clock.take_sent(),
                  (std::vector<SentDatagram>{{"noon CET", *Address::parse("192.0.2.1:4000")}}));
        EXPECT_TRUE(host.logged("ticks"));
    }
    EXPECT_EQ(host.pending_calls(), 0u);
    EXPECT_THROW(DatagramEndpoint(host, clock_factory, {{"sone", "CET"}}), std::invalid_argument);
}

TEST(DatagramEndpoint, FailsAsTheTestSays) {
    Host host;
    DatagramEndpoint clock(host, std::make_unique<Clock>("UTC"), {.remote = "192.0.2.9:123"});
    clock.feed_error(ECONNREFUSED);
    clock.fail_next_send(EMSGSIZE);
    clock.feed_datagram("time?");
    clock.feed_datagram("time?");
    EXPECT_EQ(clock.sent().size(), 1u);
    EXPECT_TRUE(host.logged("192.0.2.9:123: Connection refused"));
    EXPECT_TRUE(host.logged("192.0.2.9:123: Message too long"));
    EXPECT_THROW(clock.feed_datagram("x", "nowhere"), std::invalid_argument);
}

TEST(Opening, IsAnsweredByTheTestAndByNothingElse) {
    Host host;
    Loop loop = host.get_loop();
    int told = 0;
    const auto factory = [] { return std::make_unique<Answering>(); };
    EXPECT_THROW(host.opening(), std::logic_error);
    loop.create_connection(
        factory, "example.net", 80, {.timeout = 3s}, [&](const Error* exc, auto) {
            EXPECT_EQ(exc, nullptr);
            ++told;
        });
    loop.create_unix_server(factory, "/run/x.sock", [&](const Error*, auto) { ++told; });
    ASSERT_EQ(host.openings().size(), 2u);
    Opening connection = host.openings()[0];
    EXPECT_EQ(connection.method(), "create_connection");
    EXPECT_EQ(connection.address(), "tcp://example.net:80");
    EXPECT_EQ(connection.timeout(), 3s);
    EXPECT_THROW(connection.serve(), std::logic_error);
    EXPECT_THROW(connection.open(), std::logic_error);
    Connection& accepted = connection.accept();
    EXPECT_EQ(told, 1);
    EXPECT_TRUE(connection.is_answered());
    EXPECT_THROW(connection.accept(), std::logic_error);
    accepted.feed_data("x");
    EXPECT_EQ(accepted.written(), "<x>");

    Server& server = host.opening().serve();
    EXPECT_EQ(told, 2);
    Connection& served = server.connect();
    served.feed_data("y");
    EXPECT_EQ(served.written(), "<y>");
}

TEST(Opening, TimesOutWhereNobodyAnswers) {
    Host host;
    ph_status status = PH_OK;
    host.get_loop().create_connection([] { return std::make_unique<Answering>(); },
                                      "example.net",
                                      80,
                                      {.timeout = 3s},
                                      [&](const Error* exc, Transport) { status = exc->status; });
    host.advance(2999ms);
    EXPECT_EQ(status, PH_OK);
    host.advance(1ms);
    EXPECT_EQ(status, PH_E_TIMEOUT);
}

}  // namespace
}  // namespace protohost::testing
