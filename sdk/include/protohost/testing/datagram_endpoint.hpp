// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <protohost/abi.h>
#include <protohost/address.hpp>
#include <protohost/detail/testing/configured_factory.hpp>
#include <protohost/detail/testing/fake_datagrams.hpp>
#include <protohost/detail/testing/transport_under_test.hpp>
#include <protohost/protocol.hpp>
#include <protohost/testing/host.hpp>
#include <protohost/testing/options.hpp>
#include <protohost/testing/values.hpp>
#include <protohost/transport.hpp>

namespace protohost::testing {

/// A datagram endpoint in memory: the transport that a DatagramProtocol is given, and in the hands
/// of the test its peers, the kernel and the operator. Everything said of Connection holds.
///
///     protohost::testing::DatagramEndpoint endpoint(host, std::make_unique<Clock>());
///     endpoint.feed_datagram("time?", "192.0.2.1:4000");
///     EXPECT_EQ(endpoint.sent().at(0).data, "12:00");
///
/// With a whole factory it is what a definition with `bind` or `connect` makes of it: the options
/// are checked and completed as the daemon does it, and there is one protocol.
///
///     protohost::testing::DatagramEndpoint clock(
///         host, protohost_plugin_entry_v1, {{"zone", "UTC"}});
class DatagramEndpoint
    : private detail::testing::FactoryHolder,
      public detail::testing::TransportUnderTest<detail::testing::FakeDatagrams> {
public:
    /// Calls connection_made.
    DatagramEndpoint(Host& host,
                     std::unique_ptr<BaseProtocol> protocol,
                     const DatagramSettings& settings = {})
        : DatagramEndpoint(
              host.unit(), detail::Binding::bind(host.context(), std::move(protocol)), settings) {}

    /// With a plugin whose sources are part of the test program: as Listener's.
    DatagramEndpoint(Host& host,
                     ph_entry_fn entry,
                     const OptionValues& options = {},
                     const DatagramSettings& settings = {},
                     std::string_view name = {})
        : DatagramEndpoint(std::make_unique<detail::testing::ConfiguredFactory>(
                               host.unit().core, entry, name, options),
                           settings) {}

    /// With a factory by itself: what protohost::factory<F>(name, summary, options) makes.
    DatagramEndpoint(Host& host,
                     const ph_factory& factory,
                     const OptionValues& options = {},
                     const DatagramSettings& settings = {})
        : DatagramEndpoint(std::make_unique<detail::testing::ConfiguredFactory>(
                               host.unit().core, factory, options),
                           settings) {}

    /// For the kit's own classes.
    DatagramEndpoint(detail::testing::Unit& unit,
                     ph_proto protocol,
                     const DatagramSettings& settings,
                     const detail::testing::Asked& asked = {})
        : TransportUnderTest(std::make_shared<detail::testing::FakeDatagrams>(unit, settings)) {
        start(protocol, asked);
    }

    /// The protocol's own transport, for a test that acts on it as the protocol would.
    DatagramTransport transport() const { return {context(), fake().handle()}; }

    /// A datagram arrives. None as `from` is a sender without a name; where the endpoint has a
    /// remote, the remote.
    void feed_datagram(std::string_view data, const Address& from) {
        fake().feed(data, from ? from : fake().remote());
        run_ready();
    }
    /// `from` as Address::parse() reads it. Throws std::invalid_argument where it does not.
    void feed_datagram(std::string_view data, std::string_view from = {}) {
        const auto address = Address::parse(from);
        if (!from.empty() && !address)
            throw std::invalid_argument("no address: " + std::string(from));
        feed_datagram(data, address.value_or(Address()));
    }
    void feed_datagram(Bytes data, const Address& from) { feed_datagram(as_text(data), from); }

    /// Receiving fails, ECONNREFUSED for example: error_received.
    void feed_error(int os_errno) {
        fake().feed_error(os_errno);
        run_ready();
    }

    /// The kernel rejects the next datagram that it is handed, EMSGSIZE for example:
    /// error_received.
    void fail_next_send(int os_errno) { fake().fail_next(os_errno); }

    /// What has left so far.
    const std::vector<SentDatagram>& sent() const { return fake().sent(); }

    /// The same, since it was last taken.
    std::vector<SentDatagram> take_sent() {
        std::vector<SentDatagram> taken = sent();
        fake().forget_sent();
        return taken;
    }

    /// How many datagrams more the kernel takes before it refuses; at first, any number. What is
    /// sent beyond waits in the write buffer, where each counts its bytes and 64 more.
    void kernel_room(std::size_t datagrams) {
        fake().set_room(datagrams);
        run_ready();
    }
    static constexpr std::size_t unlimited = detail::testing::FakeDatagrams::unlimited;

private:
    DatagramEndpoint(std::unique_ptr<detail::testing::ConfiguredFactory> factory,
                     const DatagramSettings& settings)
        : FactoryHolder{std::move(factory)},
          TransportUnderTest(
              std::make_shared<detail::testing::FakeDatagrams>(configured->unit(), settings)) {
        start(configured->make_protocol(), {});
        configured->started();
        run_ready();
    }
};

}  // namespace protohost::testing
