// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "admission.hpp"
#include "settings.hpp"

#include <protohost/plugin.hpp>

namespace exec {

class Program;

/// A connection that was accepted, and the program that speaks to it. Whichever does not read stops
/// the other one's writing; the end of one direction leaves the other open.
class Client final : public protohost::Protocol {
public:
    Client(const Settings& settings, Admission& admission)
        : settings_(settings), admission_(admission) {}

    void connection_made(protohost::Transport transport) override;
    void data_received(protohost::Bytes data) override;
    bool eof_received() override;
    void pause_writing() override;
    void resume_writing() override;
    void connection_lost(const protohost::Error* exc) override;
    /// Where one message ends and another begins only the program knows.
    bool drain_requested(protohost::TimePoint) override { return true; }

    // What its program tells it.
    void started(Program& program);
    void write(protohost::Bytes data);
    void pause_reading() { transport_.pause_reading(); }
    void resume_reading() { transport_.resume_reading(); }
    /// It writes no more.
    void output_ended();
    /// All is over, and all it has written was passed on.
    void program_ended();

private:
    bool is_admitted();
    void start();
    std::string name() const { return transport_.get_extra_info("peername", "client"); }

    const Settings& settings_;
    Admission& admission_;
    Admission::Place place_;  ///< its program's, once there is one
    protohost::Transport transport_;
    protohost::ScopedHandle starting_;
    Program* program_ = nullptr;
};

}  // namespace exec
