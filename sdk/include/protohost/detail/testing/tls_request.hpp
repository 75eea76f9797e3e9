// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <protohost/abi.h>
#include <protohost/detail/testing/core.hpp>
#include <protohost/detail/testing/fake_transport.hpp>
#include <protohost/detail/testing/guard.hpp>

namespace protohost::detail::testing {

/// A start_tls that is under way. Nobody shakes hands here: it succeeds in the next iteration, if
/// the connection lives until then. `done` is called once.
class TlsRequest final : public Request, public std::enable_shared_from_this<TlsRequest> {
public:
    TlsRequest(Unit& unit, ph_op op, ph_opened done, void* arg)
        : Request(unit, op), done_(done), arg_(arg) {}

    void begin(FakeTransport* transport) {
        unit().core.requests.emplace(op(), shared_from_this());
        if (transport != nullptr && !transport->is_closing()) {
            transport_ = transport->weak_from_this();
        }
        complete_soon(PH_OK);
    }
    bool cancel() override {
        if (completed_ || std::exchange(cancelled_, true)) return false;
        if (const auto transport = transport_.lock()) transport->abort();
        complete_soon(PH_E_CANCELLED);
        return true;
    }

private:
    void complete_soon(ph_status status) {
        unit().core.schedule.do_soon(
            [self = shared_from_this(), status] { self->complete(status); });
    }
    void complete(ph_status status) {
        if (std::exchange(completed_, true)) return;
        unit().core.requests.erase(op());
        const auto transport = transport_.lock();
        if (cancelled_) {
            status = PH_E_CANCELLED;
        } else if (transport == nullptr || transport->is_closing()) {
            status = PH_E_CLOSED;
        }
        const std::string text = status == PH_E_CANCELLED ? "cancelled" : "the transport closes";
        const ph_error why{sizeof why, status, 0, 0, {text.data(), text.size()}};
        const ph_status told = guarded([&] {
            status == PH_OK ? done_(arg_, nullptr, transport->handle())
                            : done_(arg_, &why, nullptr);
            return ph_status{PH_OK};
        });
        if (told < 0) {
            unit().core.log.write(PH_LOG_ERROR, "a completion failed: " + take_failure());
        }
    }

    ph_opened done_;
    void* arg_;
    std::weak_ptr<FakeTransport> transport_;
    bool cancelled_ = false;
    bool completed_ = false;
};

}  // namespace protohost::detail::testing
