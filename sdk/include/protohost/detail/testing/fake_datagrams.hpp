// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <protohost/abi.h>
#include <protohost/address.hpp>
#include <protohost/detail/testing/fake_transport.hpp>
#include <protohost/detail/testing/write_queue.hpp>
#include <protohost/testing/values.hpp>

namespace protohost::detail::testing {

using protohost::testing::DatagramSettings;
using protohost::testing::SentDatagram;

/// A datagram transport over a kernel that does what the test says.
class FakeDatagrams final : public FakeTransport {
public:
    FakeDatagrams(Unit& unit, const DatagramSettings& settings)
        : FakeTransport(unit, settings.write_buffer),
          remote_(Address::parse(settings.remote).value_or(Address())) {
        if (remote_) set_extra_info("peername", settings.remote);
        set_extra_info("sockname", settings.sockname);
    }

    /// In datagrams, unlike a stream's.
    static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();
    /// What each datagram counts beside its bytes while it waits.
    static constexpr std::size_t overhead = 64;

    const char* descriptor_name() const { return "socket"; }
    const Address& remote() const { return remote_; }
    void feed(std::string_view data, const Address& from) {
        if (!closing_) incoming_.push_back({std::string(data), from});
    }
    void feed_error(int os_errno) { failed(os_errno, remote_); }
    void fail_next(int os_errno) { rejections_.push_back(os_errno); }
    void set_room(std::size_t datagrams) { room_ = datagrams; }
    const std::vector<SentDatagram>& sent() const { return sent_; }
    void forget_sent() { sent_.clear(); }

    bool serves(ph_proto protocol) const override {
        if (protocol.ops == nullptr || protocol.ops->kind != PH_DATAGRAM) return false;
        if (!PH_HAS(protocol.ops, connection_lost) || !PH_HAS(protocol.ops, destroy)) return false;
        return PH_HAS(reinterpret_cast<const ph_datagram_ops*>(protocol.ops), datagram_received);
    }
    bool poll() override {
        const bool readable = started_ && is_reading() && !incoming_.empty();
        if (readable) on_readable();
        const bool writable = !queue_.empty() && room_ > 0;
        if (writable) on_writable();
        return readable || writable;
    }

    ph_status sendto(const void* data, std::size_t size, ph_addr to) override {
        Address destination(to);
        if (remote_ && destination && destination != remote_) return PH_E_INVAL;
        if (!remote_ && !destination) return PH_E_INVAL;
        if (remote_) destination = remote_;
        if (lost_) {
            dropped_ += size;
            return PH_E_CLOSED;
        }
        if (passes_limit(size, size + overhead)) return PH_E_LIMIT;
        SentDatagram datagram{{static_cast<const char*>(data), size}, destination};
        if (queue_.empty() && room_ > 0) {
            send(std::move(datagram));
        } else {
            queued_ += size + overhead;
            queue_.push_back(std::move(datagram));
        }
        pause_if_over();
        return lost_ ? PH_E_CLOSED : PH_OK;
    }
    std::size_t get_write_buffer_size() const override { return queued_; }

private:
    struct Failure {
        int os_errno;
        Address destination;
    };

    const ph_datagram_ops& ops() const {
        return *reinterpret_cast<const ph_datagram_ops*>(protocol_.ops);
    }
    DrainRequested drain_requested() const override {
        return PH_HAS(&ops(), drain_requested) ? ops().drain_requested : nullptr;
    }
    void callback_failed(Loss) override {}
    void stop_reading() override { incoming_.clear(); }
    std::size_t clear() override {
        std::size_t dropped = 0;
        for (const SentDatagram& datagram : queue_) dropped += datagram.data.size();
        queue_.clear();
        queued_ = 0;
        incoming_.clear();
        return dropped;
    }

    static ph_addr to_abi(const Address& address) {
        return address ? ph_addr{address.data(), address.size(), 0} : ph_addr{};
    }

    void on_readable() {
        // One batch: what arrives meanwhile is the next one's.
        for (std::size_t left = incoming_.size(); left > 0 && is_reading(); --left) {
            const SentDatagram datagram = std::move(incoming_.front());
            incoming_.pop_front();
            call("datagram_received", [&](void* self) {
                return ops().datagram_received(
                    self, datagram.data.data(), datagram.data.size(), to_abi(datagram.addr));
            });
        }
    }
    void on_writable() {
        while (!queue_.empty() && room_ > 0) {
            SentDatagram datagram = std::move(queue_.front());
            queue_.pop_front();
            queued_ -= datagram.data.size() + overhead;
            send(std::move(datagram));
        }
        resume_if_under();
        if (!lost_ && queue_.empty() && closing_) lose({});
    }
    void send(SentDatagram datagram) {
        if (!rejections_.empty()) {
            const int os_errno = rejections_.front();
            rejections_.pop_front();
            dropped_ += datagram.data.size();
            return failed(os_errno, datagram.addr);
        }
        if (room_ != unlimited) --room_;
        sent_.push_back(std::move(datagram));
    }

    /// Told in a step of its own.
    void failed(int os_errno, const Address& destination) {
        failures_to_tell_.push_back({os_errno, destination});
        core().schedule.do_soon([self = shared_from_this(), this] { tell_failure(); });
    }
    void tell_failure() {
        const Failure failure = failures_to_tell_.front();
        failures_to_tell_.pop_front();
        if (protocol_.ops == nullptr || !PH_HAS(&ops(), error_received)) return;
        const char* const text = std::strerror(failure.os_errno);
        const ph_error why{sizeof why, PH_E_OS, failure.os_errno, 0, {text, std::strlen(text)}};
        call("error_received", [&](void* self) {
            return ops().error_received(self, &why, to_abi(failure.destination));
        });
    }

    Address remote_;
    std::deque<SentDatagram> incoming_;
    std::deque<SentDatagram> queue_;
    std::size_t queued_ = 0;  ///< the cost of the queue
    std::size_t room_ = unlimited;
    std::vector<SentDatagram> sent_;
    std::deque<int> rejections_;
    std::deque<Failure> failures_to_tell_;
};

}  // namespace protohost::detail::testing
