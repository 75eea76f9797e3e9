// SPDX-License-Identifier: MIT
#include "client.hpp"

#include <memory>
#include <string>
#include <utility>

#include "process_options.hpp"
#include "program.hpp"

namespace exec {

void Client::connection_made(protohost::Transport transport) {
    transport_ = transport;
    // Nothing is read before there is somebody to read it.
    transport_.pause_reading();
    if (is_admitted()) {
        start();
    } else {
        transport_.abort();
    }
}

bool Client::is_admitted() {
    place_ = admission_.enter(transport_.get_loop().time());
    if (!place_) {
        // A flood of them is not one of lines.
        if (admission_.refused() == 1) {
            log().warn(name() + ": closed, over options." + admission_.limit() +
                       "; further ones are counted");
        }
        return false;
    }
    if (const auto refused = admission_.take_refused(); refused > 1) {
        log().warn(std::to_string(refused) + " connections were closed, over options." +
                   admission_.limit());
    }
    return true;
}

void Client::start() {
    auto program = [this] {
        return std::make_unique<Program>(*this, settings_, std::move(place_), name());
    };
    // A client that goes meanwhile cancels; then there is nobody to tell.
    auto done = [this](const protohost::Error* exc, protohost::SubprocessTransport) {
        if (exc == nullptr || exc->status == PH_E_CANCELLED) return;
        log().error(name() + ": " + std::string(exc->message));
        transport_.abort();
    };
    starting_ = transport_.get_loop().subprocess_exec(
        program, settings_.command, process_options(settings_, transport_), done);
}

void Client::started(Program& program) {
    program_ = &program;
    transport_.resume_reading();
}

void Client::data_received(protohost::Bytes data) {
    if (program_ != nullptr) program_->write(data);
}

bool Client::eof_received() {
    if (program_ == nullptr) return false;
    program_->end_input();
    return true;
}

void Client::pause_writing() {
    if (program_ != nullptr) program_->pause_reading();
}

void Client::resume_writing() {
    if (program_ != nullptr) program_->resume_reading();
}

void Client::write(protohost::Bytes data) {
    // Half of an answer must not look like all of it.
    if (transport_.write(data) == protohost::WriteStatus::over_limit) transport_.abort();
}

void Client::output_ended() {
    if (!transport_.is_closing() && transport_.can_write_eof()) transport_.write_eof();
}

void Client::program_ended() {
    program_ = nullptr;
    transport_.close();
}

void Client::connection_lost(const protohost::Error*) {
    starting_.cancel();
    if (Program* const program = std::exchange(program_, nullptr)) program->client_lost();
}

}  // namespace exec
