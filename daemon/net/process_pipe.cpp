// SPDX-License-Identifier: MIT
#include "daemon/net/process_pipe.hpp"

#include <string>
#include <utility>

namespace protohost::net {

const ph_stream_ops ProcessPipe::ops = [] {
    ph_stream_ops made{};
    made.size = sizeof made;
    made.kind = PH_STREAM;
    made.connection_made = [](void*, ph_transport*) { return ph_status{PH_OK}; };
    made.data_received = [](void* self, const void* data, std::size_t size) {
        of(self).owner_.pipe_data_received(of(self).fd_, data, size);
        return ph_status{PH_OK};
    };
    made.connection_lost = [](void* self, const ph_error* why) {
        if (!of(self).quiet_) of(self).owner_.pipe_connection_lost(of(self).fd_, why);
        return ph_status{PH_OK};
    };
    made.pause_writing = [](void* self) {
        if (!of(self).quiet_) of(self).owner_.pipe_writing_paused(true);
        return ph_status{PH_OK};
    };
    made.resume_writing = [](void* self) {
        of(self).owner_.pipe_writing_paused(false);
        return ph_status{PH_OK};
    };
    made.destroy = [](void*) {};
    return made;
}();

ProcessPipe::ProcessPipe(Loop& loop,
                         Owner& owner,
                         int fd,
                         base::Descriptor descriptor,
                         const TransportSettings& settings,
                         std::shared_ptr<void> factory)
    : loop_(loop),
      owner_(owner),
      fd_(fd),
      transport_(new StreamTransport(loop,
                                     std::move(descriptor),
                                     PeerName("descriptor " + std::to_string(fd)),
                                     settings,
                                     static_cast<TransportOwner&>(*this),
                                     std::move(factory),
                                     fd == 0 ? Channel::write_pipe : Channel::read_pipe)),
      handle_(transport_->handle()) {}

ProcessPipe::~ProcessPipe() {
    delete transport_;
}

void ProcessPipe::start() {
    transport_->set_role(Role::pipe);
    transport_->start(protocol());
}

ph_proto ProcessPipe::protocol() {
    return {reinterpret_cast<const ph_any_ops*>(&ops), this};
}

void ProcessPipe::hand_over(std::shared_ptr<void> factory) {
    if (transport_ == nullptr) return;
    quiet_ = true;
    transport_->hand_over(protocol(), std::move(factory));
    handle_ = transport_->handle();
    quiet_ = false;
}

void ProcessPipe::ended(Transport&) {
    traffic_ = transport_->traffic();
    loop_.retire(std::unique_ptr<EventSink>(std::exchange(transport_, nullptr)));
    owner_.pipe_ended(fd_);
}

}  // namespace protohost::net
