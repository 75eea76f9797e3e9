// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

#include "client.hpp"

namespace exec {

namespace {

std::string ending(int code) {
    if (code >= 0) return "exited with code " + std::to_string(code);
    const char* const name = ::sigabbrev_np(-code);
    return "was killed by " + (name != nullptr ? std::string("SIG") + name : std::to_string(-code));
}

}  // namespace

void Program::connection_made(protohost::SubprocessTransport transport) {
    transport_ = transport;
    title_ +=
        ": " + settings_.command.front() + " (pid " + std::to_string(transport.get_pid()) + ')';
    client_->started(*this);
}

void Program::pipe_data_received(int fd, protohost::Bytes data) {
    if (fd == 2) {
        errors_.received(protohost::as_text(data), log(), title_);
    } else if (client_ != nullptr) {
        client_->write(data);
    }
}

void Program::pipe_connection_lost(int fd, const protohost::Error* exc) {
    if (fd == 2) return errors_.ended(log(), title_);
    if (fd == 1) {
        if (client_ != nullptr) client_->output_ended();
        return;
    }
    input_ended_ = true;
    // It must not take half of what it was sent for all of it.
    if (exc != nullptr && exc->os_errno != EPIPE) return transport_.abort();
    // Whatever still comes it does not want; but the client's end is worth knowing.
    if (client_ != nullptr) client_->resume_reading();
}

void Program::pause_writing() {
    if (client_ != nullptr) client_->pause_reading();
}

void Program::resume_writing() {
    if (client_ != nullptr) client_->resume_reading();
}

void Program::write(protohost::Bytes data) {
    if (pipe(0).write(data) == protohost::WriteStatus::over_limit) transport_.abort();
}

void Program::end_input() {
    if (!input_ended_) pipe(0).close();
    input_ended_ = true;
}

void Program::client_lost() {
    client_ = nullptr;
    // Before its input ends: one that does not know better must not take half of it for all.
    transport_.send_signal_to_group(SIGHUP);
    end_input();
    // Nobody reads what it writes: it is told so, as by a socket that is closed.
    pipe(1).close();
    end_ = transport_.get_loop().call_later(settings_.grace, [this] { transport_.abort(); });
}

void Program::process_exited() {
    const int code = transport_.get_returncode().value_or(0);
    if (code == protohost::SubprocessTransport::unknown_returncode) return;
    const std::string text = title_ + ": " + ending(code);
    if (code == 0 || client_ == nullptr) return log().debug(text);
    code > 0 ? log().info(text) : log().warn(text);
}

void Program::connection_lost(const protohost::Error*) {
    end_.cancel();
    if (client_ != nullptr) client_->program_ended();
}

}  // namespace exec
