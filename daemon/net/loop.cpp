// SPDX-License-Identifier: MIT
#include "daemon/net/loop.hpp"

#include <boost/asio/post.hpp>

#include "daemon/net/datagram_buffers.hpp"
#include "daemon/net/timing_wheel.hpp"

namespace protohost::net {

namespace {

/// Rounds before Asio gets its turn: a timer or a signal waits for at most so many batches.
constexpr int rounds_per_iteration = 16;

}  // namespace

Loop::Loop(boost::asio::io_context& io)
    : io_(io),
      ready_(io, set_.descriptor()),
      read_buffer_(std::make_unique_for_overwrite<std::byte[]>(read_buffer_size)) {
    wait();
}

Loop::~Loop() {
    ready_.release();  // the set closes its own descriptor
    soon_.clear();
}

void Loop::wait() {
    if (waiting_) return;
    waiting_ = true;
    ready_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                      [this](const boost::system::error_code& error) {
                          waiting_ = false;
                          if (!error) iterate();
                      });
}

void Loop::iterate() {
    iterating_ = true;
    bool more = true;
    for (int round = 0; more && round < rounds_per_iteration; ++round) {
        // What was scheduled before comes before what has become ready since, also where the former
        // has caused the latter, as resume_reading() and call_soon() in one callback do.
        const auto events = set_.poll();
        run_tasks();
        for (const epoll_event& event : events) {
            static_cast<EventSink*>(event.data.ptr)->on_events(event.events);
        }
        retired_.clear();
        // A single event was most likely a lonely one: asking again would be a system call for
        // nothing. After several, the next are on their way.
        more = events.size() > 1 || !soon_.empty();
    }
    iterating_ = false;
    if (more) {
        schedule_iteration();
    } else {
        wait();
    }
}

void Loop::schedule_iteration() {
    if (scheduled_) return;
    scheduled_ = true;
    boost::asio::post(io_, [this] {
        scheduled_ = false;
        iterate();
    });
}

void Loop::run_tasks() {
    running_.swap(soon_);
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

TimingWheels& Loop::wheels() {
    if (wheels_ == nullptr) wheels_ = std::make_unique<TimingWheels>(*this);
    return *wheels_;
}

void Loop::call_soon(Task& task) {
    soon_.push_back(task);
    if (!iterating_) schedule_iteration();
}

void Loop::retire(std::unique_ptr<EventSink> sink) {
    retired_.push_back(std::move(sink));
    if (!iterating_) schedule_iteration();
}

}  // namespace protohost::net
