// SPDX-License-Identifier: MIT
#include "daemon/unit/work.hpp"

#include <bit>
#include <cstring>
#include <string>
#include <string_view>

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
        default:
            return "this transport cannot send files";
    }
}

}  // namespace

void Work::begin() {
    id_ = services().shared().executor.submit(
        &services(),
        [work = work_, arg = arg_] { work(arg); },
        [this, alive = std::weak_ptr<void>(alive_)](const net::Executor::Outcome& outcome) {
            if (!alive.expired()) finished(outcome);
        });
    if (id_ == 0) complete_soon();
}

void Work::finished(const net::Executor::Outcome& outcome) {
    if (outcome.status == PH_E_CANCELLED) return;  // said by the step that cancel() announced
    if (outcome.status < 0) {
        services().binding()->context().log.error(
            "{}: work in the executor failed: {}", services().title(), outcome.text);
    }
    complete([this] { tell(); });
}

bool Work::withdraw() {
    return id_ == 0 || services().shared().executor.cancel(id_);
}

void Work::tell() {
    services().binding()->context().guard("a completion", [this] { done_(arg_); });
}

void Sending::begin() {
    net::Transport* const transport =
        services().shared().loop.references().find(std::bit_cast<ph_ref>(transport_));
    ph_status status = PH_E_CLOSED;
    if (transport != nullptr) {
        status = transport->sendfile(source_.descriptor,
                                     source_.offset,
                                     source_.count,
                                     [this, alive = std::weak_ptr<void>(alive_)](
                                         ph_status result, int os_errno, std::uint64_t sent) {
                                         if (!alive.expired()) finished(result, os_errno, sent);
                                     });
    }
    under_way_ = status == PH_OK;
    if (under_way_) return;
    refused_ = {status, 0, std::string(refusal(status))};
    complete_soon();
}

void Sending::finished(ph_status status, int os_errno, std::uint64_t sent) {
    sent_ = sent;
    if (status == PH_OK) return complete([this] { tell(nullptr); });
    complete_failed(
        {status, os_errno, os_errno != 0 ? std::strerror(os_errno) : "not all was sent"});
}

bool Sending::withdraw() {
    // One that was refused must not stop the one that it was refused for.
    if (!under_way_) return true;
    net::Transport* const transport =
        services().shared().loop.references().find(std::bit_cast<ph_ref>(transport_));
    if (transport != nullptr) sent_ = transport->cancel_sendfile();
    return true;
}

void Sending::tell(const OpenError* error) {
    ph_error why{};
    if (error != nullptr) why = error->to_abi();
    services().binding()->context().guard(
        "a completion", [&] { done_(arg_, error != nullptr ? &why : nullptr, sent_); });
}

}  // namespace protohost::unit
