// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <protohost/abi.h>
#include <protohost/detail/testing/fake_process.hpp>
#include <protohost/detail/testing/transport_under_test.hpp>
#include <protohost/protocol.hpp>
#include <protohost/testing/host.hpp>
#include <protohost/testing/values.hpp>
#include <protohost/transport.hpp>

namespace protohost::testing {

/// A process in memory: the transport that a SubprocessProtocol is given, and in the hands of the
/// test the program. Everything said of Connection holds.
///
///     protohost::testing::Process process(host, std::make_unique<DateProtocol>());
///     process.feed_data(1, "Thu Nov 26\n");
///     process.exit(0);
///     EXPECT_TRUE(process.lost());
///
/// A signal ends it, as it ends most programs, unless its settings say that it handles it.
class Process : public detail::testing::TransportUnderTest<detail::testing::FakeProcess> {
public:
    /// Calls connection_made.
    Process(Host& host,
            std::unique_ptr<BaseProtocol> protocol,
            const ProcessSettings& settings = {})
        : Process(
              host.unit(), detail::Binding::bind(host.context(), std::move(protocol)), settings) {}

    /// For the kit's own classes.
    Process(detail::testing::Unit& unit,
            ph_proto protocol,
            const ProcessSettings& settings,
            const detail::testing::Asked& asked = {})
        : TransportUnderTest(std::make_shared<detail::testing::FakeProcess>(unit, settings)) {
        start(protocol, asked);
    }

    /// The protocol's own transport, for a test that acts on it as the protocol would.
    SubprocessTransport transport() const { return {context(), fake().handle()}; }

    /// It writes to 1 or 2. Throws std::logic_error where that is no pipe.
    void feed_data(int fd, std::string_view data) {
        pipe(fd, fd != 0).feed_data(data);
        run_ready();
    }

    /// It closes 0, 1 or 2, and lives on.
    void close_pipe(int fd) {
        fake().close_pipe(fd);
        run_ready();
    }

    /// It exits, and closes its pipes; or is killed, by the signal -returncode.
    /// SubprocessTransport::unknown_returncode: nobody knows how it ended.
    void exit(int returncode) {
        fake().exit(returncode, false);
        run_ready();
    }
    /// The same, while others that it has started hold its pipes: until close_pipe().
    void exit_before_its_pipes(int returncode) {
        fake().exit(returncode, true);
        run_ready();
    }

    /// What has reached its standard input so far.
    const std::string& written() const { return input().sent(); }
    /// The same, since it was last taken.
    std::string take_written() {
        std::string taken = written();
        input().forget_sent();
        return taken;
    }
    /// Whether it was told that no more comes.
    bool eof_written() const { return input().lost().has_value(); }

    /// How much more its standard input takes before writing pauses; at first, anything.
    void kernel_room(std::size_t bytes) {
        input().set_room(bytes);
        run_ready();
    }

    /// What was sent to it, in order.
    const std::vector<int>& signals() const { return fake().signals(); }

private:
    detail::testing::FakeStream& input() const { return pipe(0, true); }
    detail::testing::FakeStream& pipe(int fd, bool fits) const {
        auto* const stream = fits ? fake().pipe(fd) : nullptr;
        if (stream == nullptr) throw std::logic_error("there is no such pipe");
        return *stream;
    }
};

}  // namespace protohost::testing
