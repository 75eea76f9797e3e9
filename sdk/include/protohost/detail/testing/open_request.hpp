// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

#include <protohost/abi.h>
#include <protohost/detail/context.hpp>
#include <protohost/detail/testing/addresses.hpp>
#include <protohost/detail/testing/asked.hpp>
#include <protohost/detail/testing/asked_process.hpp>
#include <protohost/detail/testing/core.hpp>
#include <protohost/detail/testing/fake_transport.hpp>
#include <protohost/detail/testing/guard.hpp>
#include <protohost/testing/values.hpp>

namespace protohost::detail::testing {

/// How the loop table's functions that open something differ.
struct OpenMethod {
    std::string_view name;     ///< "create_connection"
    std::string_view schemes;  ///< of its addresses: "udp unixgram"; empty: there is none
    bool descriptor;           ///< whether an existing one will do instead
    std::uint32_t kind;        ///< of the protocols that are made
};

/// Something that the code under test wants to have opened. `opened` or `serving` is called once,
/// and then `drop`.
class OpenRequest final : public Request, public std::enable_shared_from_this<OpenRequest> {
public:
    OpenRequest(Unit& unit,
                ph_op op,
                const OpenMethod& method,
                const ph_open& given,
                ph_opened opened,
                ph_serving serving)
        : Request(unit, op), method_(method), opened_(opened), serving_(serving) {
        open_.descriptor = -1;
        std::memcpy(&open_, &given, std::min<std::size_t>(given.size, sizeof open_));
        address_ = from_abi(open_.address);
        local_ = from_abi(open_.local);
    }
    ~OpenRequest() override { finish(); }

    const OpenMethod& method() const { return method_; }
    const std::string& address() const { return address_; }
    const std::string& local() const { return local_; }
    std::int64_t descriptor() const { return open_.descriptor; }
    /// It goes to what is opened, and is not closed here.
    int take_descriptor() { return static_cast<int>(std::exchange(open_.descriptor, -1)); }
    std::uint64_t timeout() const { return open_.timeout; }
    /// Of a process; to be set before begin().
    std::optional<AskedProcess> process;
    bool is_answered() const { return answered_ || cancelled_; }

    /// Begins: what is wrong with the arguments, and a deadline that passes, are answered by
    /// itself.
    void begin() {
        const auto self = shared_from_this();
        unit().core.requests.emplace(op(), self);
        if (std::string wrong = complaint(); !wrong.empty()) {
            unit().core.schedule.do_soon([self, wrong = std::move(wrong)] {
                self->fail({PH_E_INVAL, 0, wrong});
            });
            return;
        }
        if (opened_ == nullptr || process) return;
        constexpr std::uint64_t default_timeout = 10'000'000'000;  // of a unit
        const std::uint64_t patience = open_.timeout != 0 ? open_.timeout : default_timeout;
        unit().core.schedule.do_at(unit().core.schedule.now() + patience, [self] {
            self->fail({PH_E_TIMEOUT, 0, "timed out"});
        });
    }
    bool cancel() override {
        if (settled_ || answered_ || std::exchange(cancelled_, true)) return false;
        unit().core.schedule.do_soon([self = shared_from_this()] {
            self->fail({PH_E_CANCELLED, 0, "cancelled"});
        });
        return true;
    }

    /// A protocol of the author's; what he fails with instead.
    ph_status make(ph_proto& out) {
        settled_ = true;  // the author is called: too late to cancel
        if (open_.make == nullptr) {
            failure().text = "no protocol factory was given";
            return PH_E_INVAL;
        }
        const ph_status status = guarded([&] { return open_.make(open_.arg, &out); });
        if (status < 0) return status;
        if (out.ops != nullptr && out.ops->kind == method_.kind) return PH_OK;
        failure().text = "the protocol factory returned a protocol of another kind";
        return PH_E_INVAL;
    }
    /// Whoever asked is told in a step of its own, as in the daemon: after what connection_made has
    /// scheduled.
    void succeed(ph_transport* transport) {
        if (!answer()) return;
        unit().core.schedule.do_soon([self = shared_from_this(), transport] {
            self->guard([&] { self->opened_(self->open_.arg, nullptr, transport); });
            self->finish();
        });
    }
    /// `drop` waits until finish().
    void succeed(ph_server* server) {
        if (!answer()) return;
        guard([&] { serving_(open_.arg, nullptr, server); });
    }
    void fail(const Loss& reason) {
        const auto self = shared_from_this();
        if (!answer()) return;
        const ph_error why{sizeof why,
                           reason.status,
                           reason.os_errno,
                           0,
                           {reason.message.data(), reason.message.size()}};
        guard([&] {
            if (opened_ != nullptr) opened_(open_.arg, &why, nullptr);
            if (serving_ != nullptr) serving_(open_.arg, &why, nullptr);
        });
        finish();
    }
    /// Neither make nor done is called any more.
    void finish() {
        if (const ph_fn drop = std::exchange(open_.drop, nullptr)) guard([&] { drop(open_.arg); });
        if (open_.descriptor > 0) ::close(static_cast<int>(std::exchange(open_.descriptor, -1)));
    }

private:
    std::string complaint() const {
        if (process) return process->complaint(method_.name);
        const bool has_descriptor = open_.descriptor > 0;
        if (has_descriptor && !(address_.empty() && local_.empty())) {
            return "an address and a descriptor were given: one of the two";
        }
        if (has_descriptor)
            return descriptor_complaint(method_.name, static_cast<int>(open_.descriptor));
        if (address_.empty() && local_.empty()) return "nothing was given to open";
        for (const std::string* address : {&address_, &local_}) {
            if (address->empty() || is_address_for(method_.schemes, *address)) continue;
            return std::string(method_.name) + " cannot open \"" + *address + "\"";
        }
        if (address_.empty() && method_.kind != PH_DATAGRAM) return "nothing was given to open";
        if (!address_.empty() && !local_.empty()) {
            const int local = family_of(local_);
            const int remote = family_of(address_);
            if (local != remote && local != AF_UNSPEC && remote != AF_UNSPEC) {
                return "the local address and the remote one are of different families";
            }
        }
        return {};
    }
    bool answer() {
        if (std::exchange(answered_, true)) return false;
        unit().core.requests.erase(op());
        return true;
    }
    template <class F>
    void guard(F&& call) {
        const ph_status status = guarded([&] {
            call();
            return ph_status{PH_OK};
        });
        if (status < 0)
            unit().core.log.write(PH_LOG_ERROR, "a completion failed: " + take_failure());
    }

    const OpenMethod& method_;
    ph_open open_{};
    std::string address_;
    std::string local_;
    ph_opened opened_;
    ph_serving serving_;
    bool settled_ = false;
    bool answered_ = false;
    bool cancelled_ = false;
};

/// What the border calls a ph_server.
class FakeServer {
public:
    FakeServer(std::shared_ptr<OpenRequest> request, std::uint64_t id)
        : request_(std::move(request)), id_(id) {}

    OpenRequest& request() const { return *request_; }
    Unit& unit() const { return request_->unit(); }
    std::uint64_t id() const { return id_; }
    bool is_serving() const { return serving_; }
    void close() {
        if (!std::exchange(serving_, false)) return;
        Core& core = unit().core;
        core.schedule.do_soon([request = request_] { request->finish(); });
        core.servers.erase(id_);
    }

private:
    std::shared_ptr<OpenRequest> request_;
    std::uint64_t id_;
    bool serving_ = true;
};

inline void Core::close_servers(const Unit& unit) {
    const auto all = servers;
    for (const auto& [id, server] : all) {
        if (&server->unit() == &unit) server->close();
    }
}

}  // namespace protohost::detail::testing
