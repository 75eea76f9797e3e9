// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <protohost/abi.h>
#include <protohost/detail/testing/fake_transport.hpp>
#include <protohost/protocol.hpp>
#include <protohost/testing/values.hpp>

namespace protohost::detail::testing {

/// Of a transport that the code under test has asked for.
struct Asked {
    std::function<void(ph_transport*)> tell;  ///< called after connection_made
    int descriptor = -1;                      ///< what it was to be opened with; -1: an address
};

/// What a test does to, and learns about, a transport of any kind.
template <class Fake>
class TransportUnderTest {
public:
    /// The protocol that serves it now. Throws std::logic_error where that is no P, and once it is
    /// lost.
    template <class P>
    P& protocol() const {
        auto* const wanted = dynamic_cast<P*>(Binding::protocol(fake_->get_protocol()));
        if (wanted == nullptr) throw std::logic_error("the transport has no such protocol");
        return *wanted;
    }

    /// The daemon stops: drain_requested, and abort() after `timeout` (Host::advance()) where the
    /// protocol wanted to finish and has not.
    void drain(std::chrono::nanoseconds timeout = std::chrono::seconds(30)) {
        auto& schedule = fake_->core().schedule;
        const std::uint64_t deadline = schedule.now() + static_cast<std::uint64_t>(timeout.count());
        fake_->drain(deadline);
        schedule.do_at(deadline, [fake = fake_] { fake->abort(); });
        run_ready();
    }

    /// What get_extra_info() answers. A text that reads as an address ("192.0.2.1:80") is one.
    void set_extra_info(std::string_view name, std::string_view text) {
        fake_->set_extra_info(name, text);
    }
    void set_extra_info(std::string_view name, int descriptor) {
        fake_->set_extra_info(name, descriptor);
    }

    /// What the protocol did with its transport, in order: "write 5", "close", "pause_reading".
    const std::vector<std::string>& events() const { return fake_->operations(); }

    /// Callbacks that threw: "data_received: what was thrown".
    const std::vector<std::string>& failures() const { return fake_->failures(); }

    /// nullopt until connection_lost() has returned.
    std::optional<Loss> lost() const { return fake_->lost(); }

    /// Bytes that the protocol has written and that went nowhere.
    std::size_t dropped() const { return fake_->dropped(); }

protected:
    explicit TransportUnderTest(std::shared_ptr<Fake> fake) : fake_(std::move(fake)) {}
    ~TransportUnderTest() { fake_->end_at_once(); }
    TransportUnderTest(const TransportUnderTest&) = delete;
    TransportUnderTest& operator=(const TransportUnderTest&) = delete;

    /// connection_made, then whoever has asked, and what follows from them.
    void start(ph_proto protocol, const Asked& asked) {
        if (asked.descriptor >= 0) fake_->keep(fake_->descriptor_name(), asked.descriptor);
        if (!fake_->serves(protocol)) {
            protocol.ops->destroy(protocol.self);
            throw std::invalid_argument("the protocol is of another kind than the transport");
        }
        fake_->start(protocol);
        if (asked.tell) asked.tell(fake_->handle());
        run_ready();
    }
    void run_ready() { fake_->core().run_ready(); }
    Context context() const { return fake_->unit().context(); }
    Fake& fake() { return *fake_; }
    const Fake& fake() const { return *fake_; }

private:
    std::shared_ptr<Fake> fake_;
};

}  // namespace protohost::detail::testing
