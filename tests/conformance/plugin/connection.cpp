// SPDX-License-Identifier: MIT
#include "connection.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <sys/socket.h>
#include <system_error>

// What the protocols are told, and what changes the connection. Queries are in queries.cpp, what
// only datagrams have in datagrams.cpp.

namespace conformance {
namespace {

constexpr std::array<char, 1024> zeros{};
constexpr std::string_view fill_block(zeros.data(), zeros.size());

std::string qualified(const Role& role, std::string_view callback) {
    return role.name.empty() ? std::string(callback) : role.name + '.' + std::string(callback);
}

}  // namespace

std::string reason(const protohost::Error* why) {
    if (why == nullptr) return "none";
    switch (why->status) {
        case PH_E_OS:
            return "errno " + std::to_string(why->os_errno);
        case PH_E_LIMIT:
            return "limit";
        case PH_E_TIMEOUT:
            return "timeout";
        case PH_E_EXCEPTION:
        case PH_E_INVAL:
            return "application error";
        default:
            return "status " + std::to_string(why->status);
    }
}

void Connection::made(const Role& role, protohost::Transport transport) {
    transport_ = transport;
    if (script_.buffers > 0) set_send_buffer(script_.buffers);
    called(role, "connection_made");
}

class Connection::Acts {
public:
    explicit Acts(Connection& connection) : connection_(connection) { connection_.event("(", ""); }
    ~Acts() { connection_.event(")", ""); }
    Acts(const Acts&) = delete;
    Acts& operator=(const Acts&) = delete;

private:
    Connection& connection_;
};

void Connection::called(const Role& role, std::string_view callback, const std::string& value) {
    const auto found = role.on.find(callback);
    std::optional<Acts> acts;
    if (found != role.on.end()) acts.emplace(*this);
    event(qualified(role, callback), value);
    if (callback == "pause_writing") writing_paused_ = true;
    if (callback == "resume_writing") writing_paused_ = false;
    if (acts) run(found->second);
}

void Connection::received(const Role& role,
                          std::string_view callback,
                          protohost::Bytes data,
                          std::string_view from) {
    const auto found = role.on.find(callback);
    const auto first = role.received.upper_bound(received_);
    received_ += data.size();
    const auto last = role.received.upper_bound(received_);
    std::optional<Acts> acts;
    if (found != role.on.end() || first != last) acts.emplace(*this);
    recorder_.record(place_, qualified(role, callback), data, from);
    largest_ = std::max(largest_, data.size());
    data_ = data;
    if (found != role.on.end()) run(found->second);
    for (auto next = first; next != last; ++next) run(next->second);
    data_ = {};
}

bool Connection::eof_received(const Role& role) {
    answer_ = false;
    called(role, "eof_received");
    return answer_;
}

void Connection::lost(const Role& role, const protohost::Error* why) {
    lost_ = true;
    called(role, "connection_lost", reason(why));
}

void Connection::error_received(const Role& role, const protohost::Error& why) {
    called(role, "error_received", reason(&why));
}

void Connection::release_gate(const std::string& name) {
    const Acts acts(*this);
    event("gate", name);
    run(script_.gates.at(name));
}

void Connection::run(const Actions& actions) {
    for (const Action& action : actions) perform(action);
}

void Connection::perform(const Action& action) {
    if (action.verb == "raise") {
        if (action.name == "os_error") throw std::system_error(EIO, std::generic_category());
        throw std::runtime_error("the scenario says so");
    }
    try {
        if (send(action) || write(action) || send_file(action) || control(action) ||
            schedule(action) || query(action) || process(action)) {
            return;
        }
    } catch (const std::invalid_argument&) {
        return event(action.verb, "raised ValueError");
    } catch (const std::logic_error&) {
        return event(action.verb, "raised RuntimeError");
    }
    throw std::logic_error("no such verb: " + action.verb);
}

void Connection::status(const Action& action, protohost::WriteStatus status) {
    using protohost::WriteStatus;
    event(action.verb,
          status == WriteStatus::accepted          ? "accepted"
          : status == WriteStatus::closed          ? "closed"
          : status == WriteStatus::invalid_address ? "invalid_address"
                                                   : "over_limit");
}

bool Connection::write(const Action& action) {
    if (action.verb == "write") {
        for (const std::string& piece : action.data) status(action, transport_.write(piece));
    } else if (action.verb == "write_owned") {
        for (const std::string& piece : action.data) status(action, transport_.write_owned(piece));
    } else if (action.verb == "writelines") {
        std::vector<protohost::Bytes> pieces;
        for (const std::string& piece : action.data) pieces.push_back(protohost::as_bytes(piece));
        status(action, transport_.writelines(pieces));
    } else if (action.verb == "echo") {
        transport_.write(data_);
    } else if (action.verb == "fill") {
        fill(action);
    } else if (action.verb == "pump") {
        pump(action);
    } else {
        return false;
    }
    return true;
}

/// Past the SDK, whose numbers cannot be negative.
void Connection::set_limits(std::optional<std::int64_t> high, std::optional<std::int64_t> low) {
    if (high.value_or(0) >= 0 && low.value_or(0) >= 0) {
        return transport_.set_write_buffer_limits(high, low);
    }
    const protohost::detail::Context context = transport_.context();
    const ph_status status = context.host->transport->set_write_buffer_limits(
        context.ctx, transport_.handle(), high.value_or(-1), low.value_or(-1));
    if (status == PH_E_INVAL) throw std::invalid_argument("set_write_buffer_limits");
}

void Connection::set_send_buffer(int size) const {
    const int descriptor = transport_.get_extra_info("socket").descriptor();
    ::setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

/// Until the kernel refuses, and then until so many bytes wait as were asked for: of a stream,
/// exactly so many.
void Connection::fill(const Action& action) {
    constexpr std::size_t most = 1 << 20;  // that a kernel with small buffers can take
    const std::size_t limit = filled_ + most;
    const auto wanted = static_cast<std::size_t>(action.high.value_or(0));
    const auto waiting = [this] { return transport_.get_write_buffer_size(); };
    while (!transport_.is_closing() && waiting() == 0 && filled_ < limit) {
        write_fill(fill_block.size());
    }
    if (!transport_.is_closing() && waiting() == 0) {
        event("endless", action.verb);
    } else {
        while (!transport_.is_closing() && waiting() < wanted) write_fill(wanted - waiting());
    }
    event("filled", std::to_string(filled_));
}

/// A block, or only so many bytes; a datagram is always whole.
void Connection::write_fill(std::size_t size) {
    if (script_.datagrams) {
        filled_ += fill_block.size();
        datagrams().sendto(fill_block, sender_);
    } else {
        const std::string_view next = fill_block.substr(0, size);
        filled_ += next.size();
        transport_.write(next);
    }
}

/// As much as flow control lets through, until the action has written all of its bytes.
void Connection::pump(const Action& action) {
    constexpr std::size_t block = 16384;
    const std::string& data = action.data.at(0);
    while (!writing_paused_ && !transport_.is_closing() && pumped_ < data.size()) {
        const std::string_view next = std::string_view(data).substr(pumped_, block);
        pumped_ += next.size();
        transport_.write(next);
    }
}

bool Connection::control(const Action& action) {
    if (action.verb == "close") {
        transport_.close();
    } else if (action.verb == "abort") {
        transport_.abort();
    } else if (action.verb == "write_eof") {
        transport_.write_eof();
    } else if (action.verb == "pause_reading") {
        transport_.pause_reading();
    } else if (action.verb == "resume_reading") {
        transport_.resume_reading();
    } else if (action.verb == "set_write_buffer_limits") {
        set_limits(action.high, action.low);
    } else if (action.verb == "set_protocol") {
        transport_.set_protocol(make_protocol(action.name));
    } else if (action.verb == "send_buffer") {
        set_send_buffer(static_cast<int>(action.high.value_or(0)));
    } else if (action.verb == "return") {
        answer_ = true;
    } else {
        return false;
    }
    return true;
}

bool Connection::schedule(const Action& action) {
    const auto later = [self = shared_from_this(), &action] {
        const Acts acts(*self);
        if (!action.name.empty()) self->event("called", action.name);
        self->run(action.then);
    };
    protohost::Loop loop = transport_.get_loop();
    if (action.verb == "call_soon") {
        scheduled_[action.name] = loop.call_soon(later);
    } else if (action.verb == "call_later") {
        scheduled_[action.name] = loop.call_later(action.after, later);
    } else if (action.verb == "cancel") {
        scheduled_[action.name].cancel();
    } else {
        return false;
    }
    return true;
}

}  // namespace conformance
