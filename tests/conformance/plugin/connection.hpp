// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "script.hpp"

#include <protohost/plugin.hpp>

namespace conformance {

/// How a connection ended, or why it could not be opened: "none", "errno 104", "timeout".
std::string reason(const protohost::Error* why);

/// Where something has happened.
struct Place {
    unsigned connection;
    int fd = -1;  ///< of a process, one of its descriptors; -1: none
};

/// Where the trace goes.
class Recorder {
public:
    /// [loop] Something happened to a connection; `value` says more about it.
    virtual void record(const Place& place, std::string_view event, std::string_view value) = 0;
    /// [loop] A callback brought bytes. `from`: whose datagram they are, "nobody" without a name;
    /// empty for a stream.
    virtual void record(const Place& place,
                        std::string_view event,
                        protohost::Bytes data,
                        std::string_view from) = 0;

protected:
    ~Recorder() = default;
};

/// A protocol of ours, so that get_protocol() can be answered with its name.
class Acting {
public:
    virtual const Role& role() const = 0;

protected:
    ~Acting() = default;
};

/// One connection and what it is to do. It outlives its protocols and its transport, so that what
/// is released or scheduled late finds the transport as an author's code would: gone.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(const Script& script, Recorder& recorder, unsigned number)
        : script_(script), recorder_(recorder), place_{number} {}

    /// A protocol that follows `role`, for this connection.
    std::unique_ptr<protohost::BaseProtocol> make_protocol(std::string_view role);
    std::unique_ptr<protohost::DatagramProtocol> make_datagram_protocol(std::string_view role);
    std::unique_ptr<protohost::SubprocessProtocol> make_subprocess_protocol(std::string_view role);

    // What the protocols are told. Each records, and then acts as the scenario says.
    void made(const Role& role, protohost::Transport transport);
    void called(const Role& role, std::string_view callback, const std::string& value = {});
    void received(const Role& role,
                  std::string_view callback,
                  protohost::Bytes data,
                  std::string_view from = {});
    void datagram_received(const Role& role, protohost::Bytes data, const protohost::Address& from);
    void error_received(const Role& role, const protohost::Error& why);
    bool eof_received(const Role& role);
    void lost(const Role& role, const protohost::Error* why);
    void pipe_data_received(const Role& role, int fd, protohost::Bytes data);
    void pipe_lost(const Role& role, int fd, const protohost::Error* why);
    /// Writing to a process's standard input pauses and resumes.
    void pipe_writing(const Role& role, std::string_view callback);

    void release_gate(const std::string& name);
    /// What the scenario calls an address.
    void name_address(const std::string& name, const std::string& address);
    /// Ends what the scenario has left open.
    void abort() {
        if (transport_ && !lost_) transport_.abort();
    }

private:
    /// What the protocol does in one callback: until it is over the runner waits for nothing else.
    class Acts;

    void run(const Actions& actions);
    void perform(const Action& action);
    bool write(const Action& action);
    bool send(const Action& action);
    bool send_file(const Action& action);
    bool control(const Action& action);
    bool schedule(const Action& action);
    bool query(const Action& action);
    bool process(const Action& action);
    void signal(const Action& action, int number);
    std::string extra_info(const Action& action) const;
    void set_limits(std::optional<std::int64_t> high, std::optional<std::int64_t> low);
    void set_send_buffer(int size) const;
    void fill(const Action& action);
    void write_fill(std::size_t size);
    void pump(const Action& action);
    void pump_datagrams(const Action& action);
    /// The same transport, with the calls of datagrams.
    protohost::DatagramTransport datagrams() const {
        return {transport_.context(), transport_.handle()};
    }
    protohost::SubprocessTransport subprocess() const {
        return {transport_.context(), transport_.handle()};
    }
    protohost::Address whom(const std::string& name) const;

    void event(std::string_view name, std::string_view value) {
        recorder_.record(place_, name, value);
    }
    void status(const Action& action, protohost::WriteStatus status);

    const Script& script_;
    Recorder& recorder_;
    Place place_;
    protohost::Transport transport_;
    std::map<std::string, protohost::Handle> scheduled_;
    std::map<std::string, protohost::Address> peers_;
    protohost::Address sender_;  ///< of the last datagram
    protohost::Bytes data_;      ///< of the running callback
    std::size_t received_ = 0;   ///< bytes, of all callbacks
    std::size_t largest_ = 0;    ///< of one callback
    std::size_t filled_ = 0;
    std::size_t pumped_ = 0;  ///< bytes, or datagrams
    bool lost_ = false;
    bool is_process_ = false;
    bool writing_paused_ = false;
    bool answer_ = false;  ///< of the running callback
};

}  // namespace conformance
