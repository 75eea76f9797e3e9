// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/intrusive/list.hpp>

#include "daemon/net/descriptor_reserve.hpp"
#include "daemon/net/epoll_set.hpp"
#include "daemon/net/gather.hpp"
#include "daemon/net/references.hpp"
#include "daemon/net/socket_address.hpp"
#include "daemon/net/write_budget.hpp"

namespace protohost::net {

class Executor;
class TimingWheels;
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

/// The shared event loop: what all transports of one thread have in common. It runs inside an
/// io_context, which keeps timers, signals and everything that is not the data path.
///
/// One iteration, in asyncio's order: it asks the epoll set, runs the tasks of call_soon in the
/// order they came, then whatever was ready, and then ends what was retired. While connections keep
/// it busy it goes round without asking Asio, which costs nothing per message; it returns to Asio
/// often enough for timers and signals.
class Loop {
public:
    explicit Loop(boost::asio::io_context& io);
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    boost::asio::io_context& io() { return io_; }
    EpollSet& set() { return set_; }
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

    /// Where timeouts are counted that many transports have.
    TimingWheels& wheels();

    /// Runs `task` once, in the next iteration, before its I/O; never from inside this call.
    void call_soon(Task& task);

    /// Destroys `sink` at the end of the iteration, when no event of the batch can name it any more
    /// and no callback of it is on the stack.
    void retire(std::unique_ptr<EventSink> sink);

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

    void wait();
    void iterate();
    void schedule_iteration();
    void run_tasks();

    using Hook = boost::intrusive::list_base_hook<
        boost::intrusive::tag<class Scheduled>,
        boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
    using Tasks = boost::intrusive::
        list<Task, boost::intrusive::base_hook<Hook>, boost::intrusive::constant_time_size<false>>;

    boost::asio::io_context& io_;
    std::thread::id thread_ = std::this_thread::get_id();
    EpollSet set_;
    boost::asio::posix::stream_descriptor ready_;
    Gather gather_;
    References references_;
    DescriptorReserve reserve_;
    WriteBudget write_budget_;
    Executor* executor_ = nullptr;
    InfoScratch info_scratch_;
    std::unique_ptr<std::byte[]> read_buffer_;
    std::unique_ptr<DatagramBuffers> datagrams_;
    std::unique_ptr<TimingWheels> wheels_;
    Tasks soon_;
    Tasks running_;
    std::vector<std::unique_ptr<EventSink>> retired_;
    unsigned depth_ = 0;
    bool iterating_ = false;
    bool waiting_ = false;
    bool scheduled_ = false;
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
