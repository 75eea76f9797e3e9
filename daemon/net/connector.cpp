// SPDX-License-Identifier: MIT
#include "daemon/net/connector.hpp"

#include <algorithm>
#include <string>
#include <sys/socket.h>
#include <utility>

#include "daemon/model/quantity.hpp"
#include "daemon/net/socket_options.hpp"

namespace protohost::net {

namespace {

/// RFC 8305's Connection Attempt Delay: long enough that a healthy path makes no second attempt.
constexpr auto head_start = std::chrono::milliseconds(250);

/// By turns of the two families, the one that the resolver prefers first, so that one which leads
/// nowhere costs a single head start.
std::vector<SocketAddress> interleave(const std::vector<SocketAddress>& addresses) {
    std::vector<SocketAddress> ordered;
    if (addresses.empty()) return ordered;
    const int preferred = addresses.front().family();
    const auto is_preferred = [&](const auto& address) { return address.family() == preferred; };
    auto first = addresses.begin();
    auto second = addresses.begin();
    while (ordered.size() < addresses.size()) {
        first = std::find_if(first, addresses.end(), is_preferred);
        if (first != addresses.end()) ordered.push_back(*first++);
        second = std::find_if_not(second, addresses.end(), is_preferred);
        if (second != addresses.end()) ordered.push_back(*second++);
    }
    return ordered;
}

/// Several errors as one: what they agree about, and the texts as asyncio joins them.
ConnectError combine(const std::vector<ConnectError>& errors) {
    ConnectError all = errors.front();
    std::string texts = all.text;
    bool same_text = true;
    for (std::size_t i = 1; i < errors.size(); ++i) {
        const ConnectError& next = errors[i];
        texts += ", " + next.text;
        same_text = same_text && next.text == all.text;
        if (next.status != all.status || next.os_errno != all.os_errno) {
            all.status = PH_E_FAIL;
            all.os_errno = 0;
        }
    }
    if (!same_text) all.text = "Multiple errors: " + texts;
    return all;
}

}  // namespace

Connector::Connector(Loop& loop,
                     Resolver& resolver,
                     ConnectSettings settings,
                     ConnectorOwner& owner)
    : loop_(loop),
      resolver_(resolver),
      settings_(std::move(settings)),
      owner_(owner),
      deadline_(loop),
      head_start_(loop) {
    deadline_.start(settings_.timeout, [this] { expired(); });
    begin();
}

Connector::~Connector() {
    stop();
    if (!socket_.descriptor) return;
    socket_.descriptor.close();
    loop_.reserve().released();
}

void Connector::begin() {
    using Kind = model::Address::Kind;
    const model::Address& remote = settings_.address;
    const auto& local = settings_.socket.local;
    switch (remote.kind) {
        case Kind::tcp:
            if (!local) return resolve_remote();
            if (local->value.kind != Kind::tcp) return cannot_bind();
            return resolve(local->value, place_of_local(settings_.socket, {}), &Connector::bind_to);
        case Kind::unix_path:
        case Kind::unix_abstract:
            return begin_unix();
        default:
            return invalid("no stream can connect to " + model::to_string(remote));
    }
}

void Connector::begin_unix() {
    using Kind = model::Address::Kind;
    const auto& local = settings_.socket.local;
    if (local) {
        const Kind kind = local->value.kind;
        if (kind != Kind::unix_path && kind != Kind::unix_abstract) return cannot_bind();
        const auto name = SocketAddress::of_unix(local->value);
        if (!name) return invalid(base::to_string(name.error().front()));
        local_ = {*name};
    }
    const auto remote = SocketAddress::of_unix(settings_.address);
    if (!remote) return invalid(base::to_string(remote.error().front()));
    race({*remote});
}

void Connector::cannot_bind() {
    wrong_local("cannot connect to " + model::to_string(settings_.address) + " from " +
                model::to_string(settings_.socket.local->value));
}

void Connector::wrong_local(std::string cause) {
    invalid(base::to_string({place_of_local(settings_.socket, {}), std::move(cause), {}}));
}

void Connector::resolve(const model::Address& address, std::string where, Next next) {
    // Who is to be told of it is told in a step of his own all the same.
    if (const auto known = numeric(address)) return (this->*next)({*known});
    question_ = resolver_.resolve(
        address, [this, next, where = std::move(where)](const Resolver::Answer& answer) {
            question_ = 0;
            if (answer) return (this->*next)(*answer);
            fail({PH_E_RESOLVE, 0, base::to_string({where, answer.error().front().what, {}})});
        });
}

void Connector::bind_to(const Addresses& local) {
    local_ = local;
    resolve_remote();
}

void Connector::resolve_remote() {
    resolve(settings_.address, {}, &Connector::race);
}

void Connector::race(const Addresses& addresses) {
    candidates_ = interleave(addresses);
    if (!local_.empty()) {
        std::erase_if(candidates_, [this](const SocketAddress& remote) {
            return std::none_of(local_.begin(), local_.end(), [&](const SocketAddress& local) {
                return local.family() == remote.family();
            });
        });
    }
    if (candidates_.empty()) {
        return wrong_local(model::to_string(settings_.address) +
                           " has no address of the family of " +
                           model::to_string(settings_.socket.local->value));
    }
    start_next();
}

void Connector::start_next() {
    ConnectAttempt::Owner& owner = *this;
    while (next_ < candidates_.size()) {
        auto attempt = std::make_unique<ConnectAttempt>(loop_, owner, candidates_[next_++]);
        switch (attempt->start(settings_.socket, local_)) {
            case ConnectAttempt::State::connected:
                return won(*attempt);
            case ConnectAttempt::State::failed:
                errors_.push_back(attempt->error());
                break;
            case ConnectAttempt::State::connecting:
                attempts_.push_back(std::move(attempt));
                if (next_ == candidates_.size()) return;
                return head_start_.start(head_start, [this] { start_next(); });
        }
    }
    if (attempts_.empty()) fail(combine(errors_));
}

void Connector::attempt_settled(ConnectAttempt& attempt) {
    if (attempt.state() == ConnectAttempt::State::connected) return won(attempt);
    errors_.push_back(attempt.error());
    const auto place = std::find_if(attempts_.begin(), attempts_.end(), [&](const auto& each) {
        return each.get() == &attempt;
    });
    loop_.retire(std::move(*place));
    attempts_.erase(place);
    start_next();
}

void Connector::won(ConnectAttempt& winner) {
    socket_ = winner.take();
    settle();
}

void Connector::expired() {
    std::string text = "connect to " + model::to_string(settings_.address) + " gave up after " +
                       model::format_duration(settings_.timeout);
    if (question_ != 0) text += ": the name is still being resolved";
    if (!errors_.empty()) text += ": " + combine(errors_).text;
    fail({PH_E_TIMEOUT, 0, std::move(text)});
}

void Connector::fail(ConnectError error) {
    error_ = std::move(error);
    settle();
}

void Connector::settle() {
    stop();
    loop_.call_soon(*this);
}

void Connector::stop() {
    deadline_.cancel();
    head_start_.cancel();
    if (question_ != 0) resolver_.cancel(std::exchange(question_, 0));
    for (auto& attempt : attempts_) {
        attempt->close();
        loop_.retire(std::move(attempt));
    }
    attempts_.clear();
}

void Connector::run() {
    // The owner may destroy this: nothing of it is touched afterwards.
    if (socket_.descriptor) {
        owner_.connected(*this, std::move(socket_));
    } else {
        owner_.connect_failed(*this, ConnectError(error_));
    }
}

}  // namespace protohost::net
