// SPDX-License-Identifier: MIT
#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <functional>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "tests/contract/service_world.hpp"

#include <protohost/services.hpp>
#include <protohost/testing/values.hpp>

namespace protohost::contract {
namespace {

using protohost::testing::Loss;
/// Says what happens to it, in the order that it shares with the test.
class Telling final : public Protocol {
public:
    explicit Telling(Order& order) : order_(order) {}

    void connection_made(Transport) override { order_.emplace_back("made"); }
    void connection_lost(const Error*) override { order_.emplace_back("lost"); }

private:
    Order& order_;
};

class TellingDatagrams final : public DatagramProtocol {
public:
    explicit TellingDatagrams(Order& order) : order_(order) {}

    void connection_made(DatagramTransport) override { order_.emplace_back("made"); }

private:
    Order& order_;
};

/// Two ends of a pair of sockets, or of a pipe.
struct Pair {
    int given;  ///< the loop's, once it is asked
    base::Descriptor kept;

    static Pair of_sockets() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
        return {ends[0], base::Descriptor(ends[1])};
    }
    /// Whether nobody has the given end any more.
    bool given_end_is_closed() const {
        pollfd poll{kept.get(), POLLIN, 0};
        return ::poll(&poll, 1, 0) == 1 && (poll.revents & (POLLHUP | POLLERR)) != 0;
    }
};

}  // namespace

/// What an opening tells whoever asked for it.
template <class T>
struct Answer {
    int told = 0;
    std::optional<Loss> loss;
    T opened;

    /// For `done`.
    auto listener(Order& order) {
        return [this, &order](const Error* exc, T result) {
            ++told;
            order.emplace_back("done");
            opened = result;
            if (exc != nullptr) {
                loss = Loss{exc->status, exc->os_errno, std::string(exc->message)};
            }
        };
    }
};

TEST_P(OpeningContract, TheFactoryComesFirstThenConnectionMadeThenWhoeverAsked) {
    Answer<Transport> answer;
    const auto factory = [&] {
        order.emplace_back("factory");
        return std::make_unique<Telling>(order);
    };
    loop.create_connection(factory, "127.0.0.1", world->open_port(), {}, answer.listener(order));
    EXPECT_EQ(order, Order{}) << "never from inside";
    run_until([&] { return answer.told == 1; });
    EXPECT_EQ(order, (Order{"factory", "made", "done"}));
    EXPECT_FALSE(answer.loss);
    EXPECT_TRUE(answer.opened);
    EXPECT_FALSE(answer.opened.is_closing());
    answer.opened.abort();
    run_until([&] { return order.back() == "lost"; });
    EXPECT_EQ(answer.told, 1);
}

/// Does what a test wants in connection_made.
class Doing final : public Protocol {
public:
    Doing(Order& order, std::function<void(Transport)> in_made)
        : order_(order), in_made_(std::move(in_made)) {}

    void connection_made(Transport transport) override {
        order_.emplace_back("made");
        in_made_(transport);
    }
    void connection_lost(const Error*) override { order_.emplace_back("lost"); }

private:
    Order& order_;
    std::function<void(Transport)> in_made_;
};

TEST_P(OpeningContract, WhatConnectionMadeHasScheduledComesBeforeWhoeverAskedIsTold) {
    Answer<Transport> answer;
    const auto closing = [&](Transport transport) {
        loop.call_soon([&] { order.emplace_back("soon"); });
        transport.close();
    };
    loop.create_connection([&] { return std::make_unique<Doing>(order, closing); },
                           "127.0.0.1",
                           world->open_port(),
                           {},
                           answer.listener(order));
    run_until([&] { return answer.told == 1; });
    world->settle();
    EXPECT_EQ(order, (Order{"made", "soon", "lost", "done"}));
    EXPECT_FALSE(answer.loss) << "it was connected";
    EXPECT_TRUE(answer.opened.is_closing());
    EXPECT_EQ(answer.opened.write("x"), WriteStatus::closed) << "a stale handle does no harm";
}

TEST_P(OpeningContract, ItIsTooLateToCancelOnceConnectionMadeIsCalled) {
    Answer<Transport> answer;
    Handle handle;
    const auto cancelling = [&](Transport) { handle.cancel(); };
    handle = loop.create_connection([&] { return std::make_unique<Doing>(order, cancelling); },
                                    "127.0.0.1",
                                    world->open_port(),
                                    {},
                                    answer.listener(order));
    run_until([&] { return answer.told == 1; });
    handle.cancel();
    world->settle();
    EXPECT_EQ(order, (Order{"made", "done"}));
    EXPECT_FALSE(answer.loss);
    EXPECT_FALSE(answer.opened.is_closing());
}

TEST_P(OpeningContract, AConnectionThatIsMadeIsToldEvenWhereTheUnitGoesBetween) {
    Answer<Transport> answer;
    loop.create_connection([&] { return std::make_unique<Telling>(order); },
                           "127.0.0.1",
                           world->open_port(),
                           {},
                           answer.listener(order));
    run_until([&] { return !order.empty(); });
    world->go();
    EXPECT_EQ(answer.told, 1);
    EXPECT_FALSE(answer.loss);
}

TEST_P(OpeningContract, ARefusedConnectionIsToldWithItsNumber) {
    Answer<Transport> answer;
    loop.create_connection([&] { return std::make_unique<Telling>(order); },
                           "127.0.0.1",
                           world->closed_port(),
                           {},
                           answer.listener(order));
    run_until([&] { return answer.told == 1; });
    world->settle();
    EXPECT_EQ(order, Order{"done"}) << "no protocol was made";
    ASSERT_TRUE(answer.loss);
    EXPECT_EQ(answer.loss->status, PH_E_OS);
    EXPECT_EQ(answer.loss->os_errno, ECONNREFUSED);
    EXPECT_FALSE(answer.opened);
}

TEST_P(OpeningContract, WhatIsCancelledIsToldOnceAndNeverFromInside) {
    Answer<Transport> answer;
    Handle handle = loop.create_connection([&] { return std::make_unique<Telling>(order); },
                                           "127.0.0.1",
                                           world->open_port(),
                                           {},
                                           answer.listener(order));
    handle.cancel();
    handle.cancel();
    EXPECT_EQ(order, Order{});
    run_until([&] { return answer.told == 1; });
    world->settle();
    EXPECT_EQ(order, Order{"done"});
    ASSERT_TRUE(answer.loss);
    EXPECT_EQ(answer.loss->status, PH_E_CANCELLED);
}

TEST_P(OpeningContract, ASocketOfOnesOwnIsConnectedAndTheTransportsFromThenOn) {
    Answer<Transport> answer;
    const Pair pair = Pair::of_sockets();
    loop.create_connection(
        [&] { return std::make_unique<Telling>(order); }, Sock{pair.given}, answer.listener(order));
    EXPECT_EQ(order, Order{});
    run_until([&] { return answer.told == 1; });
    EXPECT_EQ(order, (Order{"made", "done"}));
    EXPECT_FALSE(pair.given_end_is_closed());
    answer.opened.close();
    run_until([&] { return pair.given_end_is_closed(); });
}

TEST_P(OpeningContract, ASocketIsClosedWhereItsConnectionIsCancelled) {
    Answer<Transport> answer;
    const Pair pair = Pair::of_sockets();
    loop.create_connection([&] { return std::make_unique<Telling>(order); },
                           Sock{pair.given},
                           answer.listener(order))
        .cancel();
    run_until([&] { return answer.told == 1; });
    world->settle();
    EXPECT_EQ(order, Order{"done"});
    EXPECT_TRUE(pair.given_end_is_closed());
}

TEST_P(OpeningContract, WhatTheFactoryThrowsIsToldAndTheSocketIsClosed) {
    Answer<Transport> answer;
    const Pair pair = Pair::of_sockets();
    loop.create_connection(
        []() -> std::unique_ptr<Telling> { throw std::runtime_error("no protocol today"); },
        Sock{pair.given},
        answer.listener(order));
    run_until([&] { return answer.told == 1; });
    world->settle();
    ASSERT_TRUE(answer.loss);
    EXPECT_EQ(*answer.loss, (Loss{PH_E_EXCEPTION, 0, "no protocol today"}));
    EXPECT_TRUE(pair.given_end_is_closed());
}

TEST_P(OpeningContract, WhatIsWrongWithTheArgumentsIsToldTheSameWay) {
    Answer<Transport> answer;
    loop.create_connection(
        [&] { return std::make_unique<Telling>(order); }, Sock{-1}, answer.listener(order));
    EXPECT_EQ(order, Order{});
    run_until([&] { return answer.told == 1; });
    EXPECT_EQ(order, Order{"done"});
    ASSERT_TRUE(answer.loss);
    EXPECT_EQ(answer.loss->status, PH_E_INVAL);
}

TEST_P(OpeningContract, AUnixConnectionMayHaveANameOfItsOwn) {
    Answer<Transport> answer;
    const std::string name = "@protohost contract " + std::to_string(::getpid());
    loop.create_unix_connection([&] { return std::make_unique<Telling>(order); },
                                world->open_path(),
                                {.local_addr = name},
                                answer.listener(order));
    run_until([&] { return answer.told == 1; });
    EXPECT_EQ(order, (Order{"made", "done"}));
    EXPECT_FALSE(answer.loss);
}

TEST_P(OpeningContract, WhatTheKernelRefusesIsToldWithItsNumber) {
    Answer<Server> tcp;
    Answer<Server> unix;
    Answer<DatagramTransport> datagrams;
    const auto factory = [&] { return std::make_unique<Telling>(order); };
    loop.create_server(factory, "127.0.0.1", world->open_port(), tcp.listener(order));
    loop.create_unix_server(factory, world->open_path(), unix.listener(order));
    loop.create_datagram_endpoint([&] { return std::make_unique<TellingDatagrams>(order); },
                                  {.local_addr = "192.0.2.1:0"},
                                  datagrams.listener(order));
    run_until([&] { return tcp.told + unix.told + datagrams.told == 3; });
    EXPECT_EQ(order, (Order{"done", "done", "done"}));
    ASSERT_TRUE(tcp.loss && unix.loss && datagrams.loss);
    EXPECT_EQ(tcp.loss->status, PH_E_OS);
    EXPECT_EQ(tcp.loss->os_errno, EADDRINUSE);
    EXPECT_EQ(unix.loss->status, PH_E_OS);
    EXPECT_EQ(unix.loss->os_errno, EADDRINUSE);
    EXPECT_EQ(datagrams.loss->status, PH_E_OS);
    EXPECT_EQ(datagrams.loss->os_errno, EADDRNOTAVAIL);
}

TEST_P(OpeningContract, ALocalAddressThatIsNoneIsInvalid) {
    Answer<Transport> answer;
    loop.create_connection([&] { return std::make_unique<Telling>(order); },
                           "127.0.0.1",
                           world->open_port(),
                           {.local_addr = "127.0.0.1"},
                           answer.listener(order));
    run_until([&] { return answer.told == 1; });
    ASSERT_TRUE(answer.loss);
    EXPECT_EQ(answer.loss->status, PH_E_INVAL);
    EXPECT_EQ(order, Order{"done"});
}

TEST_P(OpeningContract, ARemoteAddressThatIsNoneIsInvalid) {
    Answer<Transport> answer;
    Answer<DatagramTransport> datagrams;
    int asked = 0;
    const auto factory = [&] { return std::make_unique<Telling>(order); };
    const auto expect_invalid = [&](const auto& from, const std::string& address) {
        run_until([&] { return answer.told + datagrams.told == asked; });
        ASSERT_TRUE(from.loss) << address;
        EXPECT_EQ(from.loss->status, PH_E_INVAL) << address;
        EXPECT_NE(from.loss->message, "") << address;
    };
    for (const std::string host : {"",
                                   "two words",
                                   "*",
                                   "127.0.0",
                                   "127.0.0.1:80",
                                   "[127.0.0.1]",
                                   "[::1",
                                   "[::1%]",
                                   "a/b"}) {
        ++asked;
        loop.create_connection(factory, host, 80, {}, answer.listener(order));
        expect_invalid(answer, host);
        answer.loss.reset();
    }
    const std::string too_long(108, 'x');
    for (const std::string& path : {std::string(),
                                    std::string("relative"),
                                    std::string("/folder/"),
                                    std::string("@"),
                                    "/" + too_long,
                                    "@" + too_long,
                                    std::string("/a\0b", 4)}) {
        ++asked;
        loop.create_unix_connection(factory, path, {}, answer.listener(order));
        expect_invalid(answer, path);
        answer.loss.reset();
    }
    for (const std::string remote :
         {"127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536", ":80", "::1:80", "@"}) {
        ++asked;
        loop.create_datagram_endpoint([&] { return std::make_unique<TellingDatagrams>(order); },
                                      {.remote_addr = remote},
                                      datagrams.listener(order));
        expect_invalid(datagrams, remote);
        datagrams.loss.reset();
    }
    ++asked;
    loop.create_datagram_endpoint([&] { return std::make_unique<TellingDatagrams>(order); },
                                  {.local_addr = "127.0.0.1:0", .remote_addr = "[::1]:9"},
                                  datagrams.listener(order));
    expect_invalid(datagrams, "of two families");
    EXPECT_EQ(order, Order(static_cast<std::size_t>(asked), "done")) << "no protocol was made";
}

TEST_P(OpeningContract, APathOrAnAddressThatMayNotBeUsedIsToldWithItsNumber) {
    Answer<Transport> unix;
    Answer<DatagramTransport> datagrams;
    loop.create_unix_connection([&] { return std::make_unique<Telling>(order); },
                                world->forbidden_path(),
                                {},
                                unix.listener(order));
    loop.create_datagram_endpoint([&] { return std::make_unique<TellingDatagrams>(order); },
                                  {.remote_addr = "255.255.255.255:9"},
                                  datagrams.listener(order));
    run_until([&] { return unix.told + datagrams.told == 2; });
    EXPECT_EQ(order, (Order{"done", "done"}));
    ASSERT_TRUE(unix.loss && datagrams.loss);
    EXPECT_EQ(unix.loss->status, PH_E_OS);
    EXPECT_EQ(unix.loss->os_errno, EACCES);
    EXPECT_EQ(datagrams.loss->status, PH_E_OS);
    EXPECT_EQ(datagrams.loss->os_errno, EACCES);
}

TEST_P(OpeningContract, ANegativeTimeoutIsRefusedWhereItIsGiven) {
    const auto factory = [&] { return std::make_unique<Telling>(order); };
    EXPECT_THROW(
        loop.create_connection(factory, "127.0.0.1", 1, {.timeout = std::chrono::nanoseconds(-1)}),
        std::invalid_argument);
    world->settle();
    EXPECT_EQ(order, Order{});
}

TEST_P(OpeningContract, ASocketThatIsBoundIsServed) {
    const int bound = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
    ASSERT_EQ(::bind(bound, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    Answer<Server> server;
    loop.create_server(
        [&] { return std::make_unique<Telling>(order); }, Sock{bound}, server.listener(order));
    run_until([&] { return server.told == 1; });
    EXPECT_FALSE(server.loss) << server.loss->message;
    EXPECT_TRUE(server.opened.is_serving());
}

TEST_P(OpeningContract, AUnixServiceTakesUnixSocketsOnly) {
    const auto factory = [&] { return std::make_unique<Telling>(order); };
    const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::listen(listening, 1), 0);
    sockaddr_storage where{};
    socklen_t size = sizeof where;
    ASSERT_EQ(::getsockname(listening, reinterpret_cast<sockaddr*>(&where), &size), 0);
    const int connected = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::connect(connected, reinterpret_cast<const sockaddr*>(&where), size), 0);
    Answer<Transport> connection;
    loop.create_unix_connection(factory, Sock{connected}, connection.listener(order));
    Answer<Server> server;
    loop.create_unix_server(factory, Sock{listening}, server.listener(order));
    run_until([&] { return connection.told + server.told == 2; });
    ASSERT_TRUE(connection.loss && server.loss);
    EXPECT_EQ(connection.loss->status, PH_E_INVAL);
    EXPECT_EQ(connection.loss->message, "the descriptor is no UNIX socket");
    EXPECT_EQ(server.loss->message, "the descriptor is no UNIX socket");
    EXPECT_LT(::fcntl(connected, F_GETFD), 0);
    EXPECT_LT(::fcntl(listening, F_GETFD), 0);
}

TEST_P(OpeningContract, ADescriptorOfAnotherKindIsInvalidAndClosed) {
    const auto factory = [&] { return std::make_unique<Telling>(order); };
    Answer<Server> server;
    const Pair not_listening = Pair::of_sockets();
    loop.create_server(factory, Sock{not_listening.given}, server.listener(order));
    Answer<DatagramTransport> datagrams;
    const Pair stream = Pair::of_sockets();
    loop.create_datagram_endpoint([&] { return std::make_unique<TellingDatagrams>(order); },
                                  {.sock = stream.given},
                                  datagrams.listener(order));
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    Answer<ReadTransport> reading;
    loop.connect_read_pipe(factory, ends[1], reading.listener(order));
    Answer<WriteTransport> writing;
    loop.connect_write_pipe(factory, ends[0], writing.listener(order));
    run_until([&] { return server.told + datagrams.told + reading.told + writing.told == 4; });
    world->settle();
    EXPECT_EQ(order, (Order{"done", "done", "done", "done"})) << "no protocol was made";
    ASSERT_TRUE(server.loss && datagrams.loss && reading.loss && writing.loss);
    EXPECT_EQ(server.loss->status, PH_E_INVAL);
    EXPECT_EQ(datagrams.loss->status, PH_E_INVAL);
    EXPECT_EQ(reading.loss->status, PH_E_INVAL);
    EXPECT_EQ(writing.loss->status, PH_E_INVAL);
    EXPECT_TRUE(not_listening.given_end_is_closed());
    EXPECT_TRUE(stream.given_end_is_closed());
}

TEST_P(OpeningContract, ADeviceThatCannotBeWaitedForMayOnlyBeWritten) {
    const auto factory = [&] { return std::make_unique<Telling>(order); };
    Answer<ReadTransport> reading;
    const int read = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
    loop.connect_read_pipe(factory, read, reading.listener(order));
    run_until([&] { return reading.told == 1; });
    world->settle();
    EXPECT_EQ(order, Order{"done"}) << "no protocol was made";
    ASSERT_TRUE(reading.loss);
    EXPECT_EQ(reading.loss->status, PH_E_INVAL);
    EXPECT_EQ(::fcntl(read, F_GETFD), -1) << "it is closed";

    order.clear();
    Answer<WriteTransport> writing;
    const int written = ::open("/dev/zero", O_WRONLY | O_CLOEXEC);
    loop.connect_write_pipe(factory, written, writing.listener(order));
    run_until([&] { return writing.told == 1; });
    EXPECT_EQ(order, (Order{"made", "done"}));
    EXPECT_FALSE(writing.loss);
    EXPECT_EQ(writing.opened.write("x"), WriteStatus::accepted);
}

TEST_P(OpeningContract, AServerServesUntilItIsClosed) {
    Answer<Server> answer;
    loop.create_server(
        [&] { return std::make_unique<Telling>(order); }, "127.0.0.1", 0, answer.listener(order));
    EXPECT_EQ(order, Order{});
    run_until([&] { return answer.told == 1; });
    ASSERT_TRUE(answer.opened);
    EXPECT_TRUE(answer.opened.is_serving());
    ASSERT_EQ(answer.opened.sockets().size(), 1u);
    EXPECT_EQ(answer.opened.sockets()[0].address().ip(), "127.0.0.1");
    answer.opened.close();
    answer.opened.close();
    EXPECT_FALSE(answer.opened.is_serving());
    EXPECT_TRUE(answer.opened.sockets().empty());
    world->settle();
    EXPECT_EQ(order, Order{"done"});
}

TEST_P(OpeningContract, ADatagramEndpointIsOpenedWithItsLocalAddress) {
    Answer<DatagramTransport> answer;
    loop.create_datagram_endpoint([&] { return std::make_unique<TellingDatagrams>(order); },
                                  {.local_addr = "127.0.0.1:0"},
                                  answer.listener(order));
    EXPECT_EQ(order, Order{});
    run_until([&] { return answer.told == 1; });
    EXPECT_EQ(order, (Order{"made", "done"}));
    EXPECT_TRUE(answer.opened.get_extra_info("sockname"));
}

TEST_P(OpeningContract, PipesAreOpenedByTheirDescriptors) {
    Answer<ReadTransport> reading;
    Answer<WriteTransport> writing;
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const auto factory = [&] { return std::make_unique<Telling>(order); };
    loop.connect_read_pipe(factory, ends[0], reading.listener(order));
    run_until([&] { return reading.told == 1; });
    loop.connect_write_pipe(factory, ends[1], writing.listener(order));
    run_until([&] { return writing.told == 1; });
    EXPECT_EQ(order, (Order{"made", "done", "made", "done"}));
    EXPECT_TRUE(reading.opened.is_reading());
    EXPECT_TRUE(writing.opened.can_write_eof());
    EXPECT_EQ(writing.opened.write("x"), WriteStatus::accepted);
}

TEST_P(OpeningContract, WhenTheUnitGoesWhatIsUnderWayIsCancelledAndNothingNewBegins) {
    Answer<Transport> answer;
    const Pair pair = Pair::of_sockets();
    const auto token = std::make_shared<int>();
    const auto factory = [&] { return std::make_unique<Telling>(order); };
    loop.create_connection(
        factory, "127.0.0.1", world->open_port(), {}, [&](const Error* exc, Transport) {
            ASSERT_NE(exc, nullptr);
            EXPECT_EQ(exc->status, PH_E_CANCELLED);
            ++answer.told;
            loop.create_connection(
                factory, Sock{pair.given}, [token, this](const Error*, Transport) {
                    order.emplace_back("opened all the same");
                });
        });
    world->go();
    EXPECT_EQ(answer.told, 1);
    EXPECT_EQ(order, Order{});
    EXPECT_EQ(token.use_count(), 1) << "who is not called is destroyed";
    EXPECT_TRUE(pair.given_end_is_closed());
}

}  // namespace protohost::contract
