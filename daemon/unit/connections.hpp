// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/peer_name.hpp"
#include "daemon/net/pipe.hpp"
#include "daemon/net/socket_file.hpp"
#include "daemon/net/timer.hpp"
#include "daemon/net/tls_session.hpp"
#include "daemon/net/transport.hpp"
#include "daemon/unit/tls_failures.hpp"
#include "daemon/unit/unit_log.hpp"

#include <protohost/abi.h>

namespace protohost::unit {

/// Who is told when one of a unit's transports is gone.
class ConnectionsOwner {
public:
    /// It is no longer counted, and destroyed when the iteration is over. [loop]
    virtual void connection_ended(const net::Transport& transport) = 0;
    /// As TransportOwner's. [loop]
    virtual void process_exited(net::Transport&) {}

protected:
    ~ConnectionsOwner() = default;
};

/// All live transports of one unit, whoever opened them: the unit by its definition, or its plugin.
/// What becomes of them is logged here.
class Connections final : private net::TransportOwner {
public:
    /// `spec` and `owner` outlive this. `title` is "listener echo".
    Connections(net::Loop& loop,
                const model::UnitSpec& spec,
                std::string title,
                ConnectionsOwner& owner);
    Connections(const Connections&) = delete;
    Connections& operator=(const Connections&) = delete;

    /// What a transport is made with that is then adopted.
    net::TransportOwner& transport_owner() { return *this; }
    net::TransportSettings settings() const {
        return {spec_.write_buffer,
                spec_.timeouts.idle,
                spec_.timeouts.write_stall,
                spec_.timeouts.pipes,
                spec_.stop_signal};
    }

    /// Over a connected socket; with a session it speaks TLS. `factory` holds its protocol's code.
    std::unique_ptr<net::Transport> make_stream(base::Descriptor socket,
                                                net::PeerName peer,
                                                std::unique_ptr<net::TlsSession> session,
                                                std::shared_ptr<void> factory);
    /// Over one end of a pipe, which the log calls `name`.
    std::unique_ptr<net::Transport> make_pipe(base::Descriptor end,
                                              net::PipeEnd which,
                                              std::string name,
                                              std::shared_ptr<void> factory);

    /// Counts it, and starts it with `protocol`: connection_made is called in here. `file` is that
    /// of its socket, and goes with it.
    net::Transport& adopt(std::unique_ptr<net::Transport> transport,
                          net::Role role,
                          ph_proto protocol,
                          std::unique_ptr<net::SocketFile> file = {});

    /// Asks each that lives now to finish until `deadline`; those that then still live are aborted.
    void drain(std::chrono::steady_clock::time_point deadline);
    void drain(std::span<net::Transport* const> transports,
               std::chrono::steady_clock::time_point deadline);
    void abort();

    /// The settings have changed: they hold for the living ones too.
    void retune();

    template <class F>
    void each(F&& function) {
        for (net::Transport& transport : transports_) function(transport);
    }

    /// What there was since the beginning, connections that have ended included.
    struct Counters {
        std::uint64_t opened = 0;
        std::uint64_t failed = 0;  ///< callbacks
        net::Traffic traffic;      ///< of those that have ended
    };
    const Counters& counters() const { return counters_; }
    TlsFailures& tls_failures() { return tls_failures_; }
    /// What happened last that ought not to have.
    const std::string& last_error() const { return last_error_; }
    void note_error(std::string text) { last_error_ = std::move(text); }

    bool empty() const { return transports_.empty(); }
    std::size_t size() const { return transports_.size(); }

private:
    std::string name_of(const net::Transport& transport, std::string_view callback) const override;
    void callback_failed(net::Transport& transport,
                         std::string_view callback,
                         std::string_view text) override;
    void limit_reached(net::Transport& transport,
                       std::size_t refused,
                       net::WriteLimit limit) override;
    void timed_out(net::Transport& transport, std::string_view text) override;
    void handshake_failed(net::Transport& transport, const net::TlsFailure& failure) override;
    void process_exited(net::Transport& transport) override { owner_.process_exited(transport); }
    void ended(net::Transport& transport) override;

    /// Some that were asked to finish, and when their patience ends.
    struct Drain {
        explicit Drain(net::Loop& loop) : deadline(loop) {}

        std::vector<ph_ref> transports;
        net::Timer deadline;
    };

    void abort_rest(const Drain& drain);

    /// Whether a line is wanted for each that opens and ends: naming it costs more than all else
    /// that opening one does.
    bool tells_of_each() const;
    void tell_end(const net::Transport& transport) const;
    /// Of a line about one of them, at whose other end is `peer`.
    static base::LogFields about(const net::Transport& transport,
                                 const std::string& peer,
                                 std::string_view event = {});

    net::Loop& loop_;
    const model::UnitSpec& spec_;
    ConnectionsOwner& owner_;
    const UnitLog log_;
    net::Transports transports_;
    /// Here, because few transports have one.
    std::map<const net::Transport*, std::unique_ptr<net::SocketFile>> files_;
    std::list<Drain> drains_;
    Counters counters_;
    TlsFailures tls_failures_;
    std::string last_error_;
};

}  // namespace protohost::unit
