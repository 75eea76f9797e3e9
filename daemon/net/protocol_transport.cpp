// SPDX-License-Identifier: MIT
#include "daemon/net/protocol_transport.hpp"

#include <cstring>

#include "daemon/base/failure.hpp"
#include "daemon/net/replaced_protocol.hpp"

namespace protohost::net {

ProtocolTransport::ProtocolTransport(Loop& loop,
                                     TransportOwner& owner,
                                     std::shared_ptr<void> factory,
                                     const model::WriteBuffer& limits)
    : factory_(std::move(factory)),
      loop_(loop),
      owner_(owner),
      limits_(limits),
      reference_(loop.references().add(*this)) {}

void ProtocolTransport::start(ph_proto protocol) {
    use(protocol);
    call("connection_made",
         [&](void* self) { return protocol_.ops->connection_made(self, handle()); });
    started_ = true;
    sync_interest();
}

void ProtocolTransport::hand_over(ph_proto next, std::shared_ptr<void> factory) {
    if (lost_ || closing_) {
        // Its end is on its way, perhaps behind what waits, and is the old protocol's.
        return destroy(loop_, next);
    }
    // For the old protocol it is over: what it still asks for is refused.
    lost_ = true;
    closing_ = true;
    guarded(loop_, [&] { return protocol_.ops->connection_lost(protocol_.self, nullptr); });
    destroy(loop_, protocol_);
    lost_ = false;
    closing_ = false;
    remove_reference();
    reference_ = loop_.references().add(*this);
    // It dies here, unless something waits for it.
    const auto former = std::exchange(factory_, std::move(factory));
    keep_for_what_waits(former);
    paused_writing_ = false;
    drain_asked_ = false;
    forget_settings();
    start(next);
    pause_if_over(waiting());
}

void ProtocolTransport::retune(const TransportSettings& settings) {
    if (lost_) return;
    limits_.retune(settings.write_buffer);
    pause_if_over(waiting());
    resume_if_under(waiting());
}

ph_status ProtocolTransport::set_protocol(ph_proto next) {
    if (protocol_.ops == nullptr) return PH_E_CLOSED;
    const bool complete = PH_HAS(next.ops, connection_lost) && PH_HAS(next.ops, destroy);
    if (!complete || !suits(next)) return PH_E_INVAL;
    if (next.self == protocol_.self && next.ops == protocol_.ops) return PH_OK;
    ReplacedProtocol::retire(loop_, protocol_, factory_);
    use(next);
    return PH_OK;
}

std::string ProtocolTransport::report_failure(std::string_view callback) {
    std::string text = base::take_failure();
    if (text.empty()) text = "failed without saying why";
    owner_.callback_failed(*this, callback, text);
    return text;
}

bool ProtocolTransport::finishes_by_itself(DrainRequested function, std::uint64_t deadline) {
    if (closing_ || drain_asked_) return true;
    drain_asked_ = true;
    std::int32_t keep_open = 0;
    if (function != nullptr) {
        call("drain_requested", [&](void* self) { return function(self, deadline, &keep_open); });
    }
    return keep_open != 0;
}

// A protocol need not have the two callbacks of flow control.

void ProtocolTransport::tell_pause() {
    paused_writing_ = true;
    if (protocol_.ops->pause_writing != nullptr) {
        call("pause_writing", protocol_.ops->pause_writing);
    }
}

void ProtocolTransport::tell_resume() {
    paused_writing_ = false;
    if (protocol_.ops->resume_writing != nullptr) {
        call("resume_writing", protocol_.ops->resume_writing);
    }
}

void ProtocolTransport::over_limit(std::size_t size, WriteLimit limit) {
    if (!limit_reported_) {
        limit_reported_ = true;
        owner_.limit_reached(*this, size, limit);
    }
    if (!limits_.aborts()) return;
    const bool own = limit == WriteLimit::connection;
    lose(std::make_unique<Loss>(Loss{PH_E_LIMIT,
                                     0,
                                     own ? "the write buffer is over its limit"
                                         : "all write buffers together are over their limit"}));
}

ph_status ProtocolTransport::loss_status() const {
    if (!lost_) return PH_OK;
    return loss_ != nullptr && loss_->code == PH_E_LIMIT ? PH_E_LIMIT : PH_E_CLOSED;
}

void ProtocolTransport::lose_os(int os_errno) {
    lose(std::make_unique<Loss>(Loss{PH_E_OS, os_errno, std::strerror(os_errno)}));
}

void ProtocolTransport::end() {
    ph_error why{};
    if (loss_ != nullptr) {
        why = {
            sizeof why, loss_->code, loss_->os_errno, 0, {loss_->text.data(), loss_->text.size()}};
    }
    const ph_error* reason = loss_ != nullptr ? &why : nullptr;
    call("connection_lost",
         [&](void* self) { return protocol_.ops->connection_lost(self, reason); });
    const ph_proto protocol = std::exchange(protocol_, {});
    close_descriptor();
    remove_reference();
    destroy(loop_, protocol);
    loop_.reserve().released();
    owner_.ended(*this);
}

}  // namespace protohost::net
