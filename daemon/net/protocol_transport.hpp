// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/model/configuration.hpp"
#include "daemon/net/callback_watch.hpp"
#include "daemon/net/guard.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/transport.hpp"
#include "daemon/net/write_limits.hpp"

#include <protohost/abi.h>

namespace protohost::net {

/// What a transport does for its protocol, whatever it carries: tells it when it begins, when to
/// pause, and when it is over, and gives its place to another. What is called for each message is
/// not virtual, or called by the final class.
class ProtocolTransport : public Transport {
public:
    void start(ph_proto protocol) override;
    void hand_over(ph_proto next, std::shared_ptr<void> factory) final;
    void retune(const TransportSettings& settings) override;

    bool is_closing() const final { return closing_; }
    ph_status set_protocol(ph_proto next) final;
    ph_proto get_protocol() const final { return protocol_; }
    bool is_writing_paused() const final { return paused_writing_; }
    int loss_errno() const final { return loss_ != nullptr ? loss_->os_errno : 0; }
    const void* factory() const final { return factory_.get(); }
    ph_ref ref() const final { return reference_; }

protected:
    /// Why it ended; absent: in order.
    struct Loss {
        ph_status code;
        int os_errno;
        std::string text;
    };

    /// `factory` lives as long as this does: it is what holds the protocol's code.
    ProtocolTransport(Loop& loop,
                      TransportOwner& owner,
                      std::shared_ptr<void> factory,
                      const model::WriteBuffer& limits);
    ~ProtocolTransport() override { remove_reference(); }
    /// What the plugin has kept of it is stale from now on. Again: nothing.
    void remove_reference() { loop_.references().remove(reference_); }

    /// Calls the protocol; false when it failed, and callback_failed() has been called.
    template <class F>
    bool call(std::string_view callback, F&& function) {
        const WatchedCallback watched(loop_, [&] { return owner_.name_of(*this, callback); });
        const ph_status status = guarded(loop_, [&] { return function(protocol_.self); });
        if (status >= 0) return true;
        callback_failed(callback, status);
        return false;
    }
    /// Says to the owner what the plugin has failed with, and returns it.
    std::string report_failure(std::string_view callback);

    using DrainRequested = ph_status (*)(void* self, std::uint64_t deadline, std::int32_t* keep);
    /// Asks the protocol, once, whether it finishes by itself. `function` may be nullptr: no.
    bool finishes_by_itself(DrainRequested function, std::uint64_t deadline);

    void tell_pause();
    void tell_resume();
    /// `size` is what waits, as the watermarks count it.
    void pause_if_over(std::size_t size) {
        if (!paused_writing_ && !lost_ && size > limits_.high()) tell_pause();
    }
    void resume_if_under(std::size_t size) {
        if (paused_writing_ && !lost_ && size <= limits_.low()) tell_resume();
    }

    /// Whether the loop's budget lets something begin of which so much may have to wait.
    bool admits(std::size_t size) const {
        return limits_.aborts() || loop_.write_budget().has_room(size);
    }
    /// A write of `size` bytes has passed a hard limit: reports that, and ends where it has to.
    void over_limit(std::size_t size, WriteLimit limit);

    /// PH_OK while it lives; else what a write answers that has found the loss.
    ph_status loss_status() const;
    void lose_os(int os_errno);
    /// connection_lost, and the last word to the owner, who retires it.
    void end();

    const std::shared_ptr<void>& shared_factory() const { return factory_; }

    virtual void use(ph_proto protocol) { protocol_ = protocol; }
    /// What waits may have to be given back to the code that `former` holds.
    virtual void keep_for_what_waits(const std::shared_ptr<void>& former) {
        static_cast<void>(former);
    }
    /// What a protocol has set is unset, for the next one; shared_factory() is its already.
    virtual void forget_settings() {
        paused_reading_ = false;
        limits_.reset();
    }
    /// Whether a plugin may put it in the place of another; what all kinds need it has.
    virtual bool suits(ph_proto next) const = 0;
    /// What has to be done about it; the owner has not been told.
    virtual void callback_failed(std::string_view callback, ph_status status) = 0;
    /// What the watermarks count.
    virtual std::size_t waiting() const = 0;
    /// Makes the epoll set watch what is to be watched now.
    virtual void sync_interest() = 0;
    /// Drops what waits; connection_lost follows in the next iteration. Again: nothing.
    virtual void lose(std::unique_ptr<Loss> loss) = 0;
    virtual void close_descriptor() = 0;

    // First, as they fit into what Transport leaves of its last word.
    bool dispatching_ : 1 = false;  ///< in a batch of its own, at whose end sync_interest() follows
    bool started_ : 1 = false;
    bool paused_reading_ : 1 = false;
    bool paused_writing_ : 1 = false;
    bool closing_ : 1 = false;
    bool lost_ : 1 = false;

private:
    bool drain_asked_ : 1 = false;
    bool limit_reported_ : 1 = false;

    // Before what else there is, so that it dies last: the code of the protocol goes with it.
    std::shared_ptr<void> factory_;

protected:
    Loop& loop_;
    TransportOwner& owner_;
    ph_proto protocol_{};
    WriteLimits limits_;
    std::unique_ptr<Loss> loss_;

private:
    ph_ref reference_;
};

}  // namespace protohost::net
