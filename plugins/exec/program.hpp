// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

#include "admission.hpp"
#include "error_lines.hpp"
#include "settings.hpp"

#include <protohost/plugin.hpp>

namespace exec {

class Client;

/// The program of one connection.
class Program final : public protohost::SubprocessProtocol {
public:
    /// `client` is who has connected, in words `peer`.
    Program(Client& client, const Settings& settings, Admission::Place place, std::string peer)
        : client_(&client),
          settings_(settings),
          place_(std::move(place)),
          title_(std::move(peer)) {}

    void connection_made(protohost::SubprocessTransport transport) override;
    void pipe_data_received(int fd, protohost::Bytes data) override;
    void pipe_connection_lost(int fd, const protohost::Error* exc) override;
    void pause_writing() override;
    void resume_writing() override;
    void process_exited() override;
    void connection_lost(const protohost::Error* exc) override;
    /// It ends with its client.
    bool drain_requested(protohost::TimePoint) override { return client_ != nullptr; }

    void write(protohost::Bytes data);
    void end_input();
    void pause_reading() { pipe(1).pause_reading(); }
    void resume_reading() { pipe(1).resume_reading(); }
    void client_lost();

private:
    protohost::Transport pipe(int fd) const { return transport_.get_pipe_transport(fd); }

    Client* client_;  ///< nullptr once it has gone
    const Settings& settings_;
    const Admission::Place place_;
    std::string title_;  ///< "127.0.0.1:41000: git (pid 4711)"
    protohost::SubprocessTransport transport_;
    protohost::ScopedHandle end_;
    ErrorLines errors_;
    bool input_ended_ = false;
};

}  // namespace exec
