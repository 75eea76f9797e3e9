// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/intrusive/list.hpp>

#include "daemon/net/descriptor_reserve.hpp"
#include "daemon/net/epoll_set.hpp"
#include "daemon/net/gather.hpp"
#include "daemon/net/references.hpp"
#include "daemon/net/socket_address.hpp"
#include "daemon/net/thread_safe_calls.hpp"
#include "daemon/net/timer_queue.hpp"
#include "daemon/net/write_budget.hpp"

namespace protohost::net {

class CallbackWatch;
class Executor;
class OrphanWatch;
class TimingWheels;
class TlsSocket;
struct DatagramBuffers;

/// Something to do in the next iteration. Intrusive, so that scheduling allocates nothing; a task
/// that is destroyed, or that is told to unlink(), is no longer scheduled.
class Task : public boost::intrusive::list_base_hook<
                 boost::intrusive::tag<class Scheduled>,
                 boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    virtual void run() = 0;

protected:
    Task() = default;
    ~Task() = default;
};

/// What the last get_extra_info said; borrowed until the next.
struct InfoScratch {
    std::string text;
    SocketAddress address;
};

/// The shared event loop: what all transports of one thread have in common.
///
/// One iteration, in asyncio's order: it waits for what is ready, runs the tasks of call_soon in
/// the order they came, then whatever was ready, then the timers that are due, and then ends what
/// was retired. What any of these schedules is for the next iteration. Everything that it waits for
/// is in one epoll set, so that a lonely message costs a wait, a recv and a send.
class Loop {
public:
    /// Throws std::system_error where the process has no descriptors left.
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Goes round until stop().
    void run();
    /// Lets run() return after the iteration that is under way.
    void stop() { stopped_ = true; }
    /// One iteration, which waits until `deadline` at most. False: there was nothing to do.
    bool run_once(std::chrono::steady_clock::time_point deadline);
    bool run_once(std::chrono::nanoseconds at_most) {
        return run_once(std::chrono::steady_clock::now() + at_most);
    }
    /// Goes round without waiting, until nothing is ready. False: nothing was.
    bool run_ready();

    EpollSet& set() { return set_; }
    TimerQueue& timers() { return timers_; }
    Gather& gather() { return gather_; }
    References& references() { return references_; }
    DescriptorReserve& reserve() { return reserve_; }
    /// Of everything that waits to be sent by the loop's transports.
    WriteBudget& write_budget() { return write_budget_; }

    /// Where the loop's transports take work that blocks; nullptr: there is none, they block.
    Executor* executor() const { return executor_; }
    /// Once it has been set, it outlives the transports, or is unset before it goes.
    void set_executor(Executor* executor) { executor_ = executor; }

    /// Where the kernel puts received bytes: one buffer for all connections, borrowed by the
    /// running callback only.
    std::span<std::byte> read_buffer() { return {read_buffer_.get(), read_buffer_size}; }

    /// Where datagrams arrive and are gathered; made for the first who asks.
    DatagramBuffers& datagrams();

    /// What all TLS sessions read and write; made for the first who asks.
    TlsSocket& tls_socket();

    /// Where timeouts are counted that many transports have.
    TimingWheels& wheels();

    /// Who looks how long callbacks take; nullptr: nobody. It outlives the loop's transports.
    CallbackWatch* callback_watch() const { return callback_watch_; }
    void set_callback_watch(CallbackWatch* watch) { callback_watch_ = watch; }

    /// Who sees to it that no process which is started outlives the daemon; nullptr: nobody. It
    /// outlives the loop's transports.
    OrphanWatch* orphan_watch() const { return orphan_watch_; }
    void set_orphan_watch(OrphanWatch* watch) { orphan_watch_ = watch; }

    /// Runs `task` once, in the next iteration, before its I/O; never from inside this call.
    void call_soon(Task& task) { soon_.push_back(task); }

    /// Runs `task` once, in the next iteration, among what has become ready: for who has something
    /// to read that the kernel no longer knows of.
    void call_as_ready(Task& task) { ready_.push_back(task); }

    /// [any] Calls `call` once, on the loop. What was put before it from the same thread comes
    /// before it. What has not been called when the loop is destroyed is destroyed with it.
    void call_soon_threadsafe(std::function<void()> call) {
        thread_safe_calls_.put(std::move(call));
    }

    /// Destroys `sink` at the end of the iteration, when no event of the batch can name it any more
    /// and no callback of it is on the stack.
    void retire(std::unique_ptr<EventSink> sink) { retired_.push_back(std::move(sink)); }

    /// Where get_extra_info puts what it hands out.
    InfoScratch& info_scratch() { return info_scratch_; }

    /// [any] True on the thread that made the loop, which is the one that runs it.
    bool on_loop_thread() const { return std::this_thread::get_id() == thread_; }

    /// True inside a plugin's callback.
    bool in_callback() const { return depth_ != 0; }

private:
    friend class CallbackScope;

    /// As much as one recv may bring. Larger buffers save system calls in bulk transfers, and lose
    /// more than that once they no longer fit the cache.
    static constexpr std::size_t read_buffer_size = 64 * 1024;

    using Hook = boost::intrusive::list_base_hook<
        boost::intrusive::tag<class Scheduled>,
        boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
    using Tasks = boost::intrusive::
        list<Task, boost::intrusive::base_hook<Hook>, boost::intrusive::constant_time_size<false>>;

    bool iterate(int wait_milliseconds);
    void run_tasks(Tasks& tasks);

    std::thread::id thread_ = std::this_thread::get_id();
    EpollSet set_;
    TimerQueue timers_{set_};
    ThreadSafeCalls thread_safe_calls_{set_};
    Gather gather_;
    References references_;
    DescriptorReserve reserve_;
    WriteBudget write_budget_;
    Executor* executor_ = nullptr;
    CallbackWatch* callback_watch_ = nullptr;
    OrphanWatch* orphan_watch_ = nullptr;
    InfoScratch info_scratch_;
    std::unique_ptr<std::byte[]> read_buffer_;
    std::unique_ptr<DatagramBuffers> datagrams_;
    std::unique_ptr<TimingWheels> wheels_;
    std::unique_ptr<TlsSocket> tls_socket_;
    Tasks soon_;
    Tasks ready_;
    Tasks running_;
    std::vector<std::unique_ptr<EventSink>> retired_;
    unsigned depth_ = 0;
    bool stopped_ = false;
};

/// Around every call into a plugin: what it writes is gathered, and reaches the kernel when the
/// outermost callback returns.
class CallbackScope {
public:
    explicit CallbackScope(Loop& loop) : loop_(loop) { ++loop_.depth_; }
    ~CallbackScope() {
        if (loop_.depth_ == 1 && !loop_.gather_.empty()) loop_.gather_.flush();
        --loop_.depth_;
    }
    /// False inside a callback that a callback of another kind caused: pause_writing in a write.
    bool outermost() const { return loop_.depth_ == 1; }
    CallbackScope(const CallbackScope&) = delete;
    CallbackScope& operator=(const CallbackScope&) = delete;

private:
    Loop& loop_;
};

}  // namespace protohost::net
