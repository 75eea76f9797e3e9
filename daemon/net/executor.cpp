// SPDX-License-Identifier: MIT
#include "daemon/net/executor.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <iterator>
#include <list>
#include <map>
#include <mutex>
#include <pthread.h>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace protohost::net {

namespace {

/// How long a thread without work stays. To start one takes some 50 us; to have one costs each
/// system call of the loop, for which the kernel must count who uses a descriptor.
constexpr auto stay = std::chrono::seconds(1);

struct Job {
    Executor::Owner owner;
    Executor::Work work;
    Executor::Done done;
};

struct Finished {
    Job job;
    Executor::Outcome outcome;
};

Executor::Outcome perform(const Executor::Work& work) {
    try {
        work();
        return {};
    } catch (const std::exception& exception) {
        return {PH_E_EXCEPTION, exception.what()};
    } catch (...) {
        return {PH_E_EXCEPTION, "an exception that is no std::exception"};
    }
}

}  // namespace

struct Executor::State : std::enable_shared_from_this<State> {
    State(Loop& on, unsigned threads_at_most) : loop(on), limit(std::max(threads_at_most, 1U)) {}

    Id submit(Job job);
    void start_thread();
    void serve(std::list<std::thread>::iterator self);
    void join_left();
    void finish(Job job, Outcome outcome);
    void deliver();
    void tell(Finished& each);
    void cancel_all(Owner owner);
    void finish_all(Owner owner);
    void stop();

    Loop& loop;
    const unsigned limit;
    std::mutex mutex;  ///< of all that follows
    std::condition_variable arrived;
    std::condition_variable ended;
    std::map<Id, Job> queued;  ///< in the order they came
    std::vector<Finished> finished;
    std::unordered_map<Owner, std::size_t> outstanding;
    std::list<std::thread> threads;
    std::list<std::thread> left;  ///< without work for long: at their end, or nearly
    std::size_t idle = 0;
    Id last = 0;
    bool delivery_posted = false;
    bool stopping = false;
};

Executor::Id Executor::State::submit(Job job) {
    const std::lock_guard lock(mutex);
    if (stopping) return 0;
    // A thread that was woken for earlier work counts as idle until it runs.
    if (idle <= queued.size() && threads.size() < limit) {
        start_thread();
        // The others will come to it.
        if (threads.empty()) return 0;
    }
    ++outstanding[job.owner];
    queued.emplace(++last, std::move(job));
    arrived.notify_one();
    return last;
}

void Executor::State::start_thread() {
    const auto place = threads.emplace(threads.end());
    try {
        *place = std::thread([this, place] { serve(place); });
        ::pthread_setname_np(place->native_handle(), "executor");
    } catch (const std::system_error&) {
        threads.erase(place);
    }
}

void Executor::State::serve(std::list<std::thread>::iterator self) {
    std::unique_lock lock(mutex);
    while (true) {
        ++idle;
        const auto has_work = [this] { return stopping || !queued.empty(); };
        const bool stays = arrived.wait_for(lock, stay, has_work);
        --idle;
        if (stopping) return;
        if (!stays) {
            left.splice(left.end(), threads, self);
            loop.call_soon_threadsafe([weak = weak_from_this()] {
                if (const auto state = weak.lock()) state->join_left();
            });
            return;
        }
        auto next = queued.extract(queued.begin());
        lock.unlock();
        Outcome outcome = perform(next.mapped().work);
        lock.lock();
        finish(std::move(next.mapped()), std::move(outcome));
    }
}

void Executor::State::join_left() {
    std::list<std::thread> ended_threads;
    {
        const std::lock_guard lock(mutex);
        ended_threads.swap(left);
    }
    for (std::thread& thread : ended_threads) thread.join();
}

void Executor::State::finish(Job job, Outcome outcome) {
    finished.push_back({std::move(job), std::move(outcome)});
    ended.notify_all();
    if (std::exchange(delivery_posted, true)) return;
    loop.call_soon_threadsafe([weak = weak_from_this()] {
        if (const auto state = weak.lock()) state->deliver();
    });
}

void Executor::State::deliver() {
    std::unique_lock lock(mutex);
    delivery_posted = false;
    auto batch = std::exchange(finished, {});
    lock.unlock();
    for (Finished& each : batch) tell(each);
}

void Executor::State::tell(Finished& each) {
    const Owner owner = each.job.owner;
    each.job.done(each.outcome);
    each.job = {};
    const std::lock_guard lock(mutex);
    const auto count = outstanding.find(owner);
    if (--count->second == 0) outstanding.erase(count);
}

void Executor::State::cancel_all(Owner owner) {
    for (auto next = queued.begin(); next != queued.end();) {
        const auto each = next++;
        if (each->second.owner != owner) continue;
        auto job = queued.extract(each);
        finish(std::move(job.mapped()), {PH_E_CANCELLED, "cancelled before it began"});
    }
}

void Executor::State::finish_all(Owner owner) {
    std::unique_lock lock(mutex);
    cancel_all(owner);
    const auto its = [owner](const Finished& each) { return each.job.owner == owner; };
    ended.wait(lock, [&] {
        const auto count = outstanding.find(owner);
        return count == outstanding.end() ||
               count->second ==
                   static_cast<std::size_t>(std::count_if(finished.begin(), finished.end(), its));
    });
    const auto others = std::stable_partition(
        finished.begin(), finished.end(), [&](const auto& each) { return !its(each); });
    std::vector<Finished> batch(std::make_move_iterator(others),
                                std::make_move_iterator(finished.end()));
    finished.erase(others, finished.end());
    lock.unlock();
    for (Finished& each : batch) tell(each);
}

void Executor::State::stop() {
    {
        const std::lock_guard lock(mutex);
        stopping = true;
    }
    arrived.notify_all();
    for (std::thread& thread : threads) thread.join();
    join_left();
    {
        const std::lock_guard lock(mutex);
        for (auto& [id, job] : std::exchange(queued, {})) {
            finish(std::move(job), {PH_E_CANCELLED, "cancelled: the executor goes"});
        }
    }
    deliver();
}

unsigned Executor::default_threads() {
    return std::min(32U, std::thread::hardware_concurrency() + 4);
}

Executor::Executor(Loop& loop, unsigned threads) : state_(std::make_shared<State>(loop, threads)) {}

Executor::~Executor() {
    state_->stop();
}

Executor::Id Executor::submit(Owner owner, Work work, Done done) {
    return state_->submit({owner, std::move(work), std::move(done)});
}

bool Executor::cancel(Id id) {
    const std::lock_guard lock(state_->mutex);
    auto job = state_->queued.extract(id);
    if (!job) return false;
    state_->finish(std::move(job.mapped()), {PH_E_CANCELLED, "cancelled before it began"});
    return true;
}

void Executor::cancel_all(Owner owner) {
    const std::lock_guard lock(state_->mutex);
    state_->cancel_all(owner);
}

void Executor::finish(Owner owner) {
    state_->finish_all(owner);
}

std::size_t Executor::pending(Owner owner) const {
    const std::lock_guard lock(state_->mutex);
    const auto count = state_->outstanding.find(owner);
    return count == state_->outstanding.end() ? 0 : count->second;
}

}  // namespace protohost::net
