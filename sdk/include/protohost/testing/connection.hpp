// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <protohost/abi.h>
#include <protohost/detail/testing/fake_stream.hpp>
#include <protohost/detail/testing/transport_under_test.hpp>
#include <protohost/protocol.hpp>
#include <protohost/testing/host.hpp>
#include <protohost/testing/values.hpp>
#include <protohost/transport.hpp>

namespace protohost::testing {

/// A connection in memory: the transport that a stream protocol is given, and in the hands of the
/// test the peer, the kernel and the operator. With a channel in its settings it is one end of a
/// pipe, and the peer is who holds the other.
///
///     protohost::testing::Host host;
///     protohost::testing::Connection connection(host, std::make_unique<Shout>("!"));
///     connection.feed_data("hello\n");
///     EXPECT_EQ(connection.written(), "HELLO!\n");
///
/// The transport keeps the daemon's rules to the letter: what is called when, in which order, and
/// what is never called from inside what. Each function of the test's side plays out before it
/// returns (Host::run_ready()), unless it is called from inside a callback.
///
/// As in the daemon the protocol is destroyed when connection_lost has returned. The connection
/// remains, and tells what happened. Its own end ends what still lives, at once.
class Connection : public detail::testing::TransportUnderTest<detail::testing::FakeStream> {
public:
    /// Calls connection_made. The protocol must be a Protocol or a BufferedProtocol.
    Connection(Host& host,
               std::unique_ptr<BaseProtocol> protocol,
               const ConnectionSettings& settings = {})
        : Connection(
              host.unit(), detail::Binding::bind(host.context(), std::move(protocol)), settings) {}

    /// For the kit's own classes.
    Connection(detail::testing::Unit& unit,
               ph_proto protocol,
               const ConnectionSettings& settings,
               const detail::testing::Asked& asked = {})
        : TransportUnderTest(std::make_shared<detail::testing::FakeStream>(unit, settings)) {
        start(protocol, asked);
    }

    /// The protocol's own transport, for a test that acts on it as the protocol would.
    Transport transport() const { return {context(), fake().handle()}; }

    /// The peer sends; while reading is paused it waits, as in a kernel's buffer. At most 64 KiB
    /// reach the protocol at once, and less where a BufferedProtocol lends less.
    void feed_data(Bytes data) { feed_data(as_text(data)); }
    void feed_data(std::string_view data) {
        fake().feed_data(data);
        run_ready();
    }

    /// The peer will send no more; it still reads.
    void feed_eof() {
        fake().feed_eof();
        run_ready();
    }

    /// The connection breaks: ECONNRESET, ETIMEDOUT, EPIPE, ... It is noticed as in reality: when
    /// it is read from, after what was fed before, or when it is written to. While reading is
    /// paused and nothing is written, nobody notices. Of a pipe that is written to the reader is
    /// gone: in order where nothing waits to be written, else EPIPE.
    void lose(int os_errno = ECONNRESET) {
        fake().break_connection(os_errno);
        run_ready();
    }

    /// What has reached the peer so far.
    const std::string& written() const { return fake().sent(); }

    /// The same, since it was last taken.
    std::string take_written() {
        std::string taken = written();
        fake().forget_sent();
        return taken;
    }

    /// Whether the peer was told that no more comes: after write_eof(), or by the end.
    bool eof_written() const { return fake().eof_sent() || lost(); }

    /// How much more the kernel takes before it refuses; at first, anything. What is written beyond
    /// waits in the write buffer until there is room again.
    void kernel_room(std::size_t bytes) {
        fake().set_room(bytes);
        run_ready();
    }
    static constexpr std::size_t unlimited = detail::testing::FakeStream::unlimited;
};

}  // namespace protohost::testing
