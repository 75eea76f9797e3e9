// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "daemon/base/descriptor.hpp"
#include "daemon/net/stream_transport.hpp"
#include "daemon/net/transport.hpp"

#include <protohost/abi.h>

namespace protohost::net {

/// One of the pipes of a process: a transport as of any other pipe, with a protocol that passes on
/// what it is told.
class ProcessPipe final : private TransportOwner {
public:
    class Owner {
    public:
        /// `size` is not 0.
        virtual void pipe_data_received(int fd, const void* data, std::size_t size) = 0;
        virtual void pipe_connection_lost(int fd, const ph_error* why) = 0;
        virtual void pipe_writing_paused(bool paused) = 0;
        virtual void pipe_limit_reached(std::size_t refused, WriteLimit limit) = 0;
        virtual void pipe_timed_out(std::string_view text) = 0;
        /// The last word; also where a plugin has put another protocol in the place of ours.
        virtual void pipe_ended(int fd) = 0;
        /// As TransportOwner::name_of().
        virtual std::string pipe_name_of(std::string_view callback) const = 0;

    protected:
        ~Owner() = default;
    };

    /// `fd` is the child's number: 0 is written to, all others are read.
    ProcessPipe(Loop& loop,
                Owner& owner,
                int fd,
                base::Descriptor descriptor,
                const TransportSettings& settings,
                std::shared_ptr<void> factory);
    ProcessPipe(const ProcessPipe&) = delete;
    ProcessPipe& operator=(const ProcessPipe&) = delete;
    /// Where it has not ended, its transport is gone with it.
    ~ProcessPipe();

    /// From here on it reads.
    void start();

    /// Comes back from whatever protocol a plugin has put in the place of ours, and is opened to
    /// nobody who has known it before. `factory` holds the code of whom it speaks to from here on.
    /// Its owner is told nothing.
    void hand_over(std::shared_ptr<void> factory);

    /// nullptr once it has ended.
    StreamTransport* transport() { return transport_; }
    /// The same as a plugin has it; stale once it has ended.
    ph_transport* handle() const { return handle_; }
    Traffic traffic() const { return transport_ != nullptr ? transport_->traffic() : traffic_; }

private:
    static const ph_stream_ops ops;
    ph_proto protocol();
    static ProcessPipe& of(void* self) { return *static_cast<ProcessPipe*>(self); }

    std::string name_of(const Transport&, std::string_view callback) const override {
        return owner_.pipe_name_of(callback);
    }
    void callback_failed(Transport&, std::string_view, std::string_view) override {}
    void limit_reached(Transport&, std::size_t refused, WriteLimit limit) override {
        owner_.pipe_limit_reached(refused, limit);
    }
    void timed_out(Transport&, std::string_view text) override { owner_.pipe_timed_out(text); }
    void ended(Transport& transport) override;

    Loop& loop_;
    Owner& owner_;
    const int fd_;
    StreamTransport* transport_;  ///< retired when it has ended
    ph_transport* handle_;
    bool quiet_ = false;
    Traffic traffic_;
};

}  // namespace protohost::net
