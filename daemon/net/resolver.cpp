// SPDX-License-Identifier: MIT
#include "daemon/net/resolver.hpp"

#include <algorithm>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <pthread.h>
#include <system_error>
#include <thread>
#include <utility>

namespace protohost::net {

namespace {

base::Errors failure(const model::Address& address, const std::string& reason) {
    return base::failure(model::to_string(address),
                         "the name \"" + address.host + "\" does not resolve: " + reason);
}

Resolver::Answer look_up(const Resolver::Lookup& lookup, const model::Address& address) {
    try {
        auto answer = lookup(address);
        if (answer && answer->empty()) return failure(address, "it has no address");
        return answer;
    } catch (const std::exception& exception) {
        return failure(address, exception.what());
    }
}

}  // namespace

/// The threads share it, and may outlive the resolver.
struct Resolver::State final : std::enable_shared_from_this<State>, private Task {
    State(Loop& on, Lookup with, unsigned at_most)
        : lookup(std::move(with)), limit(std::max(at_most, 1U)), loop(&on) {}

    /// Tells of an address that nobody had to look up.
    void run() override {
        const auto alive = shared_from_this();
        deliver();
    }
    void ask(const model::Address& address);
    static void serve(const std::shared_ptr<State>& state, model::Address address);
    void answer(const model::Address& address, Answer answer);
    void deliver();
    void cancel(Id id);
    void close();

    struct Waiter {
        model::Address address;
        Done done;
    };

    const Lookup lookup;
    const unsigned limit;

    // Of the loop alone.
    std::map<Id, Waiter> waiters;
    /// Who waits for what is being looked up. Nobody: all were cancelled while it was under way.
    std::map<model::Address, std::vector<Id>> questions;
    Id last = 0;

    std::mutex mutex;  ///< of all that follows
    Loop* loop;        ///< nullptr: the resolver is gone, and perhaps the loop too
    std::deque<model::Address> queued;
    std::vector<std::pair<model::Address, Answer>> answers;
    unsigned running = 0;
    bool delivery_posted = false;
};

/// Begins a lookup, or queues it.
void Resolver::State::ask(const model::Address& address) {
    const std::lock_guard lock(mutex);
    if (const auto known = numeric(address)) {
        // No thread has to wake the loop for it.
        answers.emplace_back(address, std::vector{*known});
        if (!is_linked()) loop->call_soon(*this);
        return;
    }
    if (running == limit) return queued.push_back(address);
    try {
        std::thread thread([state = shared_from_this(), address] { serve(state, address); });
        ::pthread_setname_np(thread.native_handle(), "resolver");
        thread.detach();
        ++running;
    } catch (const std::system_error& error) {
        if (running != 0) return queued.push_back(address);
        answer(address, failure(address, std::string("no thread for it: ") + error.what()));
    }
}

/// The thread of a lookup, and then of those that are queued. There is none while nobody asks.
void Resolver::State::serve(const std::shared_ptr<State>& state, model::Address address) {
    while (true) {
        Answer answer = look_up(state->lookup, address);
        const std::lock_guard lock(state->mutex);
        if (state->loop == nullptr) return;
        state->answer(address, std::move(answer));
        if (state->queued.empty()) {
            --state->running;
            return;
        }
        address = std::move(state->queued.front());
        state->queued.pop_front();
    }
}

void Resolver::State::answer(const model::Address& address, Answer answer) {
    answers.emplace_back(address, std::move(answer));
    if (std::exchange(delivery_posted, true)) return;
    loop->call_soon_threadsafe([weak = weak_from_this()] {
        if (const auto state = weak.lock()) state->deliver();
    });
}

void Resolver::State::deliver() {
    decltype(answers) batch;
    {
        const std::lock_guard lock(mutex);
        delivery_posted = false;
        batch.swap(answers);
    }
    for (const auto& [address, answer] : batch) {
        // Whoever asks again from inside its `done` asks a new question.
        const auto question = questions.extract(address);
        if (!question) continue;
        for (const Id id : question.mapped()) {
            const auto waiter = waiters.extract(id);
            if (waiter) waiter.mapped().done(answer);
        }
    }
}

void Resolver::State::cancel(Id id) {
    const auto waiter = waiters.extract(id);
    if (!waiter) return;
    const auto question = questions.find(waiter.mapped().address);
    if (question == questions.end()) return;
    std::erase(question->second, id);
    if (!question->second.empty()) return;
    const std::lock_guard lock(mutex);
    if (std::erase(queued, question->first) != 0) questions.erase(question);
}

void Resolver::State::close() {
    {
        const std::lock_guard lock(mutex);
        loop = nullptr;
        queued.clear();
    }
    unlink();
    questions.clear();
    waiters.clear();
}

Resolver::Resolver(Loop& loop, Lookup lookup, unsigned lookups)
    : state_(std::make_shared<State>(loop, std::move(lookup), lookups)) {}

Resolver::~Resolver() {
    state_->close();
}

Resolver::Id Resolver::resolve(const model::Address& address, Done done) {
    const Id id = ++state_->last;
    state_->waiters.emplace(id, State::Waiter{address, std::move(done)});
    auto [question, is_new] = state_->questions.try_emplace(address);
    question->second.push_back(id);
    if (is_new) state_->ask(address);
    return id;
}

void Resolver::cancel(Id id) {
    state_->cancel(id);
}

}  // namespace protohost::net
