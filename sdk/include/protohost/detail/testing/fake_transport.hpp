// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

#include <protohost/abi.h>
#include <protohost/address.hpp>
#include <protohost/detail/testing/core.hpp>
#include <protohost/detail/testing/guard.hpp>
#include <protohost/testing/values.hpp>

namespace protohost::detail::testing {

using protohost::testing::Loss;
using protohost::testing::WriteBuffer;

/// What a sendfile is to send.
struct FileRange {
    int descriptor;
    std::uint64_t offset;
    std::uint64_t count;  ///< UINT64_MAX: to its end
};
/// How it ended, and how much the kernel took.
using FileSent = std::function<void(ph_status status, int os_errno, std::uint64_t sent)>;

/// What the border calls a ph_transport: the operations of every kind of transport, in memory, and
/// what all kinds have in common. Their rules are the daemon's, one for one.
class FakeTransport : public std::enable_shared_from_this<FakeTransport> {
public:
    FakeTransport(Unit& unit, const WriteBuffer& limits)
        : unit_(unit),
          core_(unit.core),
          limits_(limits),
          unit_high_(limits.high),
          unit_low_(limits.low),
          reference_(unit.core.new_ref()) {}
    virtual ~FakeTransport() { close_descriptor(); }
    FakeTransport(const FakeTransport&) = delete;
    FakeTransport& operator=(const FakeTransport&) = delete;

    /// Whether a protocol is one for this kind of transport, and complete.
    virtual bool serves(ph_proto protocol) const = 0;
    /// Takes over `protocol` and tells it connection_made. Once.
    void start(ph_proto protocol) {
        core().transports.emplace(reference_, shared_from_this());
        protocol_ = protocol;
        begin();
        call("connection_made",
             [&](void* self) { return protocol_.ops->connection_made(self, handle()); });
        started_ = true;
    }
    /// One round's worth of what the fake kernel reports; false: nothing.
    virtual bool poll() = 0;
    void drain(std::uint64_t deadline) {
        if (closing_ || drain_asked_) return;
        drain_asked_ = true;
        std::int32_t keep_open = 0;
        if (const auto ask = drain_requested(); ask != nullptr) {
            call("drain_requested", [&](void* self) { return ask(self, deadline, &keep_open); });
        }
        if (keep_open == 0) drained();
    }

    virtual void close() {
        if (closing_) return;
        closing_ = true;
        stop_reading();
        if (is_flushed()) lose({});
    }
    virtual void abort() { lose({}); }
    bool is_closing() const { return closing_; }
    ph_status get_extra_info(std::string_view name, ph_info& info) const {
        const auto found = extra_info_.find(name);
        if (found == extra_info_.end()) return PH_E_UNSUPPORTED;
        const Info& known = found->second;
        info.kind = known.kind;
        info.text = {known.text.data(), known.text.size()};
        info.number = known.number;
        if (known.address) info.address = {known.address.data(), known.address.size(), 0};
        return PH_OK;
    }
    ph_status set_protocol(ph_proto next) {
        if (protocol_.ops == nullptr) return PH_E_CLOSED;
        if (!serves(next)) return PH_E_INVAL;
        if (next.self == protocol_.self && next.ops == protocol_.ops) return PH_OK;
        core().schedule.do_soon([old = protocol_] { destroy(old); });
        protocol_ = next;
        return PH_OK;
    }
    ph_proto get_protocol() const { return protocol_; }

    void pause_reading() { paused_reading_ = true; }
    void resume_reading() { paused_reading_ = false; }
    virtual bool is_reading() const { return reads() && !paused_reading_ && !closing_; }

    virtual ph_status write(const void*, std::size_t) { return PH_E_UNSUPPORTED; }
    virtual ph_status writelines(const ph_iov*, std::size_t) { return PH_E_UNSUPPORTED; }
    virtual ph_status write_owned(ph_iov, ph_fn release, void* arg) {
        core().schedule.call(release, arg);
        return PH_E_UNSUPPORTED;
    }
    virtual ph_status write_eof() { return PH_E_UNSUPPORTED; }
    virtual bool can_write_eof() const { return false; }
    virtual ph_status sendto(const void*, std::size_t, ph_addr) { return PH_E_UNSUPPORTED; }
    virtual ph_status sendfile(const FileRange&, FileSent) { return PH_E_UNSUPPORTED; }
    virtual std::uint64_t cancel_sendfile() { return 0; }
    virtual std::size_t get_write_buffer_size() const = 0;

    // Of processes.
    virtual std::int64_t get_pid() const { return 0; }
    virtual ph_transport* get_pipe_transport(int) const { return nullptr; }
    virtual ph_status get_returncode(std::int32_t&) const { return PH_E_UNSUPPORTED; }
    virtual ph_status send_signal(int, bool) { return PH_E_UNSUPPORTED; }

    ph_status set_write_buffer_limits(std::int64_t high, std::int64_t low) {
        if (!writes()) return PH_E_UNSUPPORTED;
        std::size_t new_high = unit_high_;
        std::size_t new_low = unit_low_;
        if (high < -1 || low < -1) return PH_E_INVAL;
        if (high >= 0) new_high = static_cast<std::size_t>(high);
        if (low >= 0) new_low = static_cast<std::size_t>(low);
        if (high >= 0 && low < 0) new_low = new_high / 4;
        if (high < 0 && low >= 0) new_high = new_low * 4;
        if (new_high < new_low) return PH_E_INVAL;
        limits_.high = new_high;
        limits_.low = new_low;
        pause_if_over();
        return PH_OK;
    }
    void get_write_buffer_limits(std::size_t& low, std::size_t& high) const {
        low = writes() ? limits_.low : 0;
        high = writes() ? limits_.high : 0;
    }

    ph_ref ref() const { return reference_; }
    ph_transport* handle() const { return std::bit_cast<ph_transport*>(reference_); }
    Unit& unit() const { return unit_; }
    Core& core() const { return core_; }

    void set_extra_info(std::string_view name, std::string_view text) {
        const Address address = Address::parse(text).value_or(Address());
        const std::uint32_t kind = address ? PH_INFO_ADDRESS : PH_INFO_TEXT;
        extra_info_.insert_or_assign(std::string(name), Info{kind, std::string(text), address, -1});
    }
    void set_extra_info(std::string_view name, int descriptor) {
        extra_info_.insert_or_assign(
            std::string(name),
            Info{PH_INFO_DESCRIPTOR, std::to_string(descriptor), {}, descriptor});
    }

    /// What it was opened with, which get_extra_info() knows as `name`: its own, and closed at its
    /// end.
    void keep(std::string_view name, int descriptor) {
        set_extra_info(name, descriptor);
        descriptor_ = descriptor;
    }

    /// The protocol has called an operation: "close", "write 5".
    void record(std::string operation) { operations_.push_back(std::move(operation)); }
    const std::vector<std::string>& operations() const { return operations_; }
    /// "data_received: what it threw".
    const std::vector<std::string>& failures() const { return failures_; }
    std::size_t dropped() const { return dropped_; }
    /// nullopt until connection_lost has returned.
    std::optional<Loss> lost() const { return ended_ ? std::optional(loss_) : std::nullopt; }

    /// The end, now, whatever waits: its owner goes.
    virtual void end_at_once() {
        if (protocol_.ops == nullptr) return;  // it has ended, or never began
        lose({});
        end();
    }

protected:
    using DrainRequested = ph_status (*)(void* self,
                                         std::uint64_t deadline,
                                         std::int32_t* keep_open);

    /// Which directions there are.
    virtual bool reads() const { return true; }
    virtual bool writes() const { return true; }

    /// What comes before connection_made.
    virtual void begin() {}
    virtual DrainRequested drain_requested() const = 0;
    /// The protocol does not want to finish by itself.
    virtual void drained() { close(); }
    virtual void stop_reading() {}
    virtual bool is_flushed() const { return get_write_buffer_size() == 0; }
    /// Drops what waits to be written, and says how many bytes that was.
    virtual std::size_t clear() = 0;
    /// A callback has failed, which was reported.
    virtual void callback_failed(Loss reason) = 0;

    /// Calls the protocol; false when it failed, which was then dealt with.
    template <class F>
    bool call(std::string_view callback, F&& function) {
        const ph_status status = guarded([&] { return function(protocol_.self); });
        if (status >= 0) return true;
        fail(callback, status, take_failure());
        return false;
    }
    void fail(std::string_view callback, ph_status status, std::string text) {
        failures_.push_back(std::string(callback) + ": " + text);
        core().log.write(PH_LOG_ERROR, std::string(callback) + " failed: " + text);
        callback_failed({status, 0, std::move(text)});
    }
    void lose_os(int os_errno) { lose({PH_E_OS, os_errno, std::strerror(os_errno)}); }
    void lose(Loss loss) {
        if (lost_) return;
        closing_ = true;
        finish(std::move(loss));
    }
    /// connection_lost follows.
    void finish(Loss loss) {
        if (std::exchange(lost_, true)) return;
        loss_ = std::move(loss);
        dropped_ += clear();
        core().schedule.do_soon([self = shared_from_this()] { self->end(); });
    }

    /// Whether the hard limit forbids `size` more bytes, which count as `cost`, and what follows.
    bool passes_limit(std::size_t size, std::size_t cost) {
        if (get_write_buffer_size() + cost <= limits_.limit) return false;
        dropped_ += size;
        const bool aborts = limits_.policy == WriteBuffer::Policy::abort;
        if (!std::exchange(limit_reported_, true)) {
            core().log.write(PH_LOG_WARN,
                             "writing " + std::to_string(size) +
                                 " bytes would pass write_buffer.limit: " +
                                 (aborts ? "connection aborted" : "write refused; said once"));
        }
        if (aborts) lose({PH_E_LIMIT, 0, "the write buffer is over its limit"});
        return true;
    }
    void pause_if_over() {
        if (lost_ || get_write_buffer_size() <= limits_.high) return;
        tell_pause();
    }
    void resume_if_under() {
        if (lost_ || get_write_buffer_size() > limits_.low) return;
        tell_resume();
    }
    void tell_pause() {
        if (std::exchange(paused_writing_, true)) return;
        tell("pause_writing", protocol_.ops->pause_writing);
    }
    void tell_resume() {
        if (!std::exchange(paused_writing_, false)) return;
        tell("resume_writing", protocol_.ops->resume_writing);
    }

    static void destroy(ph_proto protocol) {
        guarded([&] {
            protocol.ops->destroy(protocol.self);
            return ph_status{PH_OK};
        });
    }

    ph_proto protocol_{};
    bool started_ = false;
    bool paused_reading_ = false;
    bool closing_ = false;
    bool lost_ = false;
    std::size_t dropped_ = 0;

private:
    struct Info {
        std::uint32_t kind;
        std::string text;
        Address address;
        std::int64_t number;
    };

    void close_descriptor() {
        if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
    }
    void tell(std::string_view callback, ph_status (*function)(void* self)) {
        if (function != nullptr) call(callback, function);
    }
    void end() {
        if (ended_) return;
        const ph_error why{sizeof why,
                           loss_.status,
                           loss_.os_errno,
                           0,
                           {loss_.message.data(), loss_.message.size()}};
        const ph_error* const reason = loss_.status == PH_OK ? nullptr : &why;
        call("connection_lost",
             [&](void* self) { return protocol_.ops->connection_lost(self, reason); });
        const ph_proto protocol = std::exchange(protocol_, {});
        ended_ = true;
        close_descriptor();
        core().transports.erase(reference_);
        destroy(protocol);
    }

    Unit& unit_;
    Core& core_;  ///< the host's: what an opening has made may outlive its unit
    WriteBuffer limits_;
    std::size_t unit_high_;
    std::size_t unit_low_;
    ph_ref reference_;
    bool paused_writing_ = false;
    bool drain_asked_ = false;
    bool limit_reported_ = false;
    bool ended_ = false;
    int descriptor_ = -1;
    Loss loss_;
    std::map<std::string, Info, std::less<>> extra_info_;
    std::vector<std::string> operations_;
    std::vector<std::string> failures_;
};

inline void Core::end_transports(const Unit& unit) {
    const auto all = transports;
    for (const auto& [reference, transport] : all) {
        if (&transport->unit() == &unit) transport->end_at_once();
    }
}

inline bool Core::poll_transports() {
    std::vector<std::shared_ptr<FakeTransport>> batch;
    for (const auto& [reference, transport] : transports) batch.push_back(transport);
    bool did = false;
    for (const auto& transport : batch) did = transport->poll() || did;
    return did;
}

}  // namespace protohost::detail::testing
