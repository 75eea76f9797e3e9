// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include <protohost/abi.h>
#include <protohost/detail/testing/core.hpp>
#include <protohost/detail/testing/fake_transport.hpp>
#include <protohost/detail/testing/guard.hpp>

namespace protohost::detail::testing {

/// A sendfile that is under way. `done` is called once.
class SendfileRequest final : public Request, public std::enable_shared_from_this<SendfileRequest> {
public:
    SendfileRequest(Unit& unit, ph_op op, ph_sent done, void* arg)
        : Request(unit, op), done_(done), arg_(arg) {}

    void begin(FakeTransport* transport, const FileRange& file) {
        const auto self = shared_from_this();
        unit().core.requests.emplace(op(), self);
        ph_status status = PH_E_CLOSED;
        if (transport != nullptr) {
            transport_ = transport->weak_from_this();
            status = transport->sendfile(
                file, [self](ph_status result, int os_errno, std::uint64_t sent) {
                    self->complete(result, os_errno, sent);
                });
        }
        if (status != PH_OK) complete_soon(status, 0);
    }
    bool cancel() override {
        if (completed_ || std::exchange(cancelled_, true)) return false;
        const auto transport = transport_.lock();
        complete_soon(PH_E_CANCELLED, transport != nullptr ? transport->cancel_sendfile() : 0);
        return true;
    }

private:
    void complete_soon(ph_status status, std::uint64_t sent) {
        unit().core.schedule.do_soon(
            [self = shared_from_this(), status, sent] { self->complete(status, 0, sent); });
    }
    void complete(ph_status status, int os_errno, std::uint64_t sent) {
        if (std::exchange(completed_, true)) return;
        const auto self = shared_from_this();
        unit().core.requests.erase(op());
        const std::string text = os_errno != 0 ? std::strerror(os_errno) : "not all was sent";
        const ph_error why{sizeof why, status, os_errno, 0, {text.data(), text.size()}};
        const ph_status told = guarded([&] {
            done_(arg_, status == PH_OK ? nullptr : &why, sent);
            return ph_status{PH_OK};
        });
        if (told < 0) {
            unit().core.log.write(PH_LOG_ERROR, "a completion failed: " + take_failure());
        }
    }

    ph_sent done_;
    void* arg_;
    std::weak_ptr<FakeTransport> transport_;
    bool cancelled_ = false;
    bool completed_ = false;
};

}  // namespace protohost::detail::testing
