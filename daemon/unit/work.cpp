// SPDX-License-Identifier: MIT
#include "daemon/unit/work.hpp"

#include <bit>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/base/log_events.hpp"
#include "daemon/net/transport.hpp"

namespace protohost::unit {

namespace {

std::string_view refusal(ph_status status) {
    switch (status) {
        case PH_E_CLOSED:
            return "the transport is closing";
        case PH_E_EOF_WRITTEN:
            return "sendfile() after write_eof()";
        case PH_E_BUSY:
            return "another sendfile is under way";
        case PH_E_INVAL:
            return "the count is 0, or the offset more than files have";
        default:
            return "this transport cannot send files";
    }
}

}  // namespace

void Work::begin() {
    id_ = services().shared().executor.submit(
        &services(),
        // Holds the binding, so that its code is there as long as the work runs.
        [work = work_, arg = arg_, binding = services().binding()] { work(arg); },
        [this, alive = std::weak_ptr<void>(alive_)](const net::Executor::Outcome& outcome) {
            if (!alive.expired()) finished(outcome);
        });
    if (id_ == 0) complete_soon();
}

void Work::finished(const net::Executor::Outcome& outcome) {
    if (outcome.status == PH_E_CANCELLED) return;  // said by the step that cancel() announced
    if (outcome.status < 0) {
        services().binding()->context().log.error(
            {.id = base::events::plugin_fault}, "work in the executor failed: {}", outcome.text);
    }
    complete([this] { tell(); });
}

bool Work::withdraw() {
    return id_ == 0 || services().shared().executor.cancel(id_);
}

void Work::tell() {
    services().binding()->context().guard("a completion", [this] { done_(arg_); });
}

net::Transport* Sending::transport() {
    return services().shared().loop.references().find(std::bit_cast<ph_ref>(transport_));
}

void Sending::begin() {
    ph_status status = PH_E_CLOSED;
    if (net::Transport* const on = transport()) {
        status = on->sendfile(source_.descriptor,
                              source_.offset,
                              source_.count,
                              [this](ph_status result, int os_errno, std::uint64_t sent) {
                                  finished(result, os_errno, sent);
                              });
    }
    under_way_ = status == PH_OK;
    if (under_way_) return;
    refused_ = {status, 0, std::string(refusal(status))};
    complete_soon();
}

void Sending::finished(ph_status status, int os_errno, std::uint64_t sent) {
    under_way_ = false;
    sent_ = sent;
    if (status == PH_OK) return complete([this] { tell(nullptr); });
    complete_failed(
        {status,
         os_errno,
         os_errno != 0 ? std::strerror(os_errno) : "the connection ended before all was sent"});
}

bool Sending::withdraw() {
    // One that was refused must not stop the one that it was refused for.
    if (!std::exchange(under_way_, false)) return true;
    if (net::Transport* const on = transport()) sent_ = on->cancel_sendfile();
    return true;
}

void Sending::fail(const OpenError& error) {
    withdraw();  // where its services go: the author may close the file once he is told
    tell(&error);
}

void Sending::tell(const OpenError* error) {
    ph_error why{};
    if (error != nullptr) why = error->to_abi();
    services().binding()->context().guard(
        "a completion", [&] { done_(arg_, error != nullptr ? &why : nullptr, sent_); });
}

}  // namespace protohost::unit
