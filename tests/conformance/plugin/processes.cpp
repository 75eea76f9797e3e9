// SPDX-License-Identifier: MIT
#include <csignal>
#include <memory>
#include <string>
#include <utility>

#include "connection.hpp"

// What only processes have. What happens to one of their descriptors, and what the protocol does
// there, is told with its number.

namespace conformance {
namespace {

/// What happens meanwhile, happens there.
class OnDescriptor {
public:
    OnDescriptor(Place& place, int fd) : place_(place), before_(std::exchange(place.fd, fd)) {}
    ~OnDescriptor() { place_.fd = before_; }
    OnDescriptor(const OnDescriptor&) = delete;
    OnDescriptor& operator=(const OnDescriptor&) = delete;

private:
    Place& place_;
    int before_;
};

class Process final : public protohost::SubprocessProtocol, public Acting {
public:
    Process(std::shared_ptr<Connection> connection, const Role& role)
        : connection_(std::move(connection)), role_(role) {}

    void connection_made(protohost::SubprocessTransport transport) override {
        // One handle for all kinds: what a transport does not have, it refuses.
        connection_->made(role_, protohost::Transport(transport.context(), transport.handle()));
    }
    void pipe_data_received(int fd, protohost::Bytes data) override {
        connection_->pipe_data_received(role_, fd, data);
    }
    void pipe_connection_lost(int fd, const protohost::Error* why) override {
        connection_->pipe_lost(role_, fd, why);
    }
    void process_exited() override { connection_->called(role_, "process_exited"); }
    void pause_writing() override { connection_->pipe_writing(role_, "pause_writing"); }
    void resume_writing() override { connection_->pipe_writing(role_, "resume_writing"); }
    void connection_lost(const protohost::Error* why) override { connection_->lost(role_, why); }
    const Role& role() const override { return role_; }

private:
    std::shared_ptr<Connection> connection_;
    const Role& role_;
};

}  // namespace

std::unique_ptr<protohost::SubprocessProtocol> Connection::make_subprocess_protocol(
    std::string_view name) {
    is_process_ = true;
    return std::make_unique<Process>(shared_from_this(), script_.roles.find(name)->second);
}

void Connection::pipe_data_received(const Role& role, int fd, protohost::Bytes data) {
    const OnDescriptor there(place_, fd);
    received(role, "pipe_data_received", data);
}

void Connection::pipe_lost(const Role& role, int fd, const protohost::Error* why) {
    const OnDescriptor there(place_, fd);
    called(role, "pipe_connection_lost", reason(why));
}

void Connection::pipe_writing(const Role& role, std::string_view callback) {
    const OnDescriptor there(place_, 0);
    called(role, callback);
}

void Connection::signal(const Action& action, int number) {
    if (lost_) return event(action.verb, "raised ProcessLookupError");
    subprocess().send_signal(number);
}

bool Connection::process(const Action& action) {
    const auto number = static_cast<int>(action.low.value_or(0));
    if (action.verb == "pipe") {
        const protohost::Transport before = transport_;
        transport_ = subprocess().get_pipe_transport(number);
        run(action.then);
        transport_ = before;
    } else if (action.verb == "send_signal") {
        signal(action, number);
    } else if (action.verb == "terminate") {
        signal(action, SIGTERM);
    } else if (action.verb == "kill") {
        signal(action, SIGKILL);
    } else if (action.verb == "get_pid") {
        event(action.verb, subprocess().get_pid() > 0 ? "a number" : "none");
    } else if (action.verb == "get_returncode") {
        const auto code = subprocess().get_returncode();
        event(action.verb, code ? std::to_string(*code) : "none");
    } else if (action.verb == "get_pipe_transport") {
        const bool there{subprocess().get_pipe_transport(number)};
        event(action.verb, std::to_string(number) + (there ? " there" : " none"));
    } else {
        return false;
    }
    return true;
}

}  // namespace conformance
