// SPDX-License-Identifier: MIT
#include "daemon/net/loop.hpp"

#include <algorithm>

#include "daemon/net/datagram_buffers.hpp"
#include "daemon/net/timing_wheel.hpp"
#include "daemon/net/tls_socket.hpp"

namespace protohost::net {

Loop::Loop() : read_buffer_(std::make_unique_for_overwrite<std::byte[]>(read_buffer_size)) {}

Loop::~Loop() {
    soon_.clear();
    ready_.clear();
}

void Loop::run() {
    while (!stopped_) iterate(-1);
    stopped_ = false;
}

bool Loop::run_once(std::chrono::steady_clock::time_point deadline) {
    using std::chrono::milliseconds;
    const auto left = deadline - std::chrono::steady_clock::now();
    return iterate(static_cast<int>(std::clamp(std::chrono::ceil<milliseconds>(left),
                                               milliseconds(0),
                                               milliseconds(std::chrono::hours(1)))
                                        .count()));
}

bool Loop::run_ready() {
    bool any = false;
    while (iterate(0)) any = true;
    return any;
}

bool Loop::iterate(int wait_milliseconds) {
    timers_.arm();
    const bool work = !soon_.empty() || !ready_.empty() || !retired_.empty();
    const auto events = set_.wait(work ? 0 : wait_milliseconds);
    // What was scheduled before comes before what has become ready since, also where the former
    // has caused the latter, as resume_reading() and call_soon() in one callback do.
    if (ready_.empty()) {
        run_tasks(soon_);
    } else {
        Tasks ready;  // what tasks put there now comes in the next iteration
        ready.swap(ready_);
        run_tasks(soon_);
        run_tasks(ready);
    }
    for (const epoll_event& event : events) {
        static_cast<EventSink*>(event.data.ptr)->on_events(event.events);
    }
    timers_.run_due();
    retired_.clear();
    return work || !events.empty();
}

void Loop::run_tasks(Tasks& tasks) {
    if (tasks.empty()) return;
    running_.swap(tasks);
    while (!running_.empty()) {
        Task& task = running_.front();
        running_.pop_front();
        task.run();
    }
}

DatagramBuffers& Loop::datagrams() {
    if (datagrams_ == nullptr) datagrams_ = std::make_unique<DatagramBuffers>(gather_);
    return *datagrams_;
}

TlsSocket& Loop::tls_socket() {
    if (tls_socket_ == nullptr) tls_socket_ = std::make_unique<TlsSocket>();
    return *tls_socket_;
}

TimingWheels& Loop::wheels() {
    if (wheels_ == nullptr) wheels_ = std::make_unique<TimingWheels>(*this);
    return *wheels_;
}

}  // namespace protohost::net
