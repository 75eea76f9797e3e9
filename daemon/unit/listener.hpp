// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/configuration.hpp"
#include "daemon/net/acceptor.hpp"
#include "daemon/unit/greetings.hpp"
#include "daemon/unit/handshakes.hpp"
#include "daemon/unit/source_limit.hpp"
#include "daemon/unit/unit.hpp"

namespace protohost::unit {

/// One running entry of `listeners:`: its listening sockets, and what they accept.
class Listener final : public Unit, private net::AcceptorOwner {
public:
    Listener(const Shared& shared,
             const model::ListenerSpec& spec,
             std::shared_ptr<Binding> binding);
    ~Listener() override;

    base::Errors bind() override;

    /// The sockets of one entry of `listen`.
    using Acceptors = std::vector<std::unique_ptr<net::Acceptor>>;
    /// Those, on their way to a listener, and the settings that they have.
    struct OpenSockets {
        Acceptors acceptors;
        model::SocketSettings settings;
    };
    using SocketTable = std::map<std::string, OpenSockets>;

    /// What its socket for `address`, an entry of `listen` of `spec`, is known by among the sockets
    /// of all listeners: the same text is the same socket, so that it can go from one to the other.
    static std::string socket_key(const model::ListenerSpec& spec, std::size_t entry);

    void collect_sockets(std::set<std::string>& keys) const override;
    void collect_bound(std::vector<BoundSocket>& bound) const override;

    /// Gives up the sockets that `spec` has no use for, without closing them: by their keys.
    void release(const model::ListenerSpec& spec, SocketTable& released);

    /// Takes the settings and addresses of `spec`, and for each new address its sockets out of
    /// `opened`. After release(), and with the same one.
    void apply(const model::ListenerSpec& spec, SocketTable& opened);

private:
    void open() override;
    void close() override;
    void connection_ended(const net::Transport& transport) override;

    void accepted(base::Descriptor socket, const net::SocketAddress& peer) override;
    /// Both count whom they send away.
    bool trusts(const model::ProxyProtocol& proxy, const net::SocketAddress& balancer);
    bool admits(const net::SocketAddress& peer);
    void tell_refused(const net::SocketAddress& peer, std::string_view why) const;
    void secure_or_serve(Unsecured connection);
    void handshaken(Handshakes::Outcome outcome);
    /// With a session it speaks TLS.
    void serve(Unsecured connection, std::unique_ptr<net::TlsSession> session);
    /// What was accepted is gone.
    void left(const net::SocketAddress& peer);
    void one_less();
    void describe(UnitSnapshot& snapshot) const override;
    void accepting_suspended(int os_errno) override;
    void accepting_resumed(unsigned times) override;

    bool full() const {
        return spec_.limits.connections != 0 && accepted_ >= spec_.limits.connections;
    }

    /// Of each acceptor.
    template <class F>
    void each(F&& function) {
        for (auto& [key, acceptors] : acceptors_) {
            for (auto& acceptor : acceptors) function(*acceptor);
        }
    }
    void begin(Acceptors& acceptors);
    void pause_or_resume();
    void count_sources(const model::Limits& limits);
    void retune(net::Acceptor& acceptor, const model::SocketSettings& former);

    model::ListenerSpec definition_;
    std::map<std::string, Acceptors> acceptors_;  ///< by socket_key()
    SourceLimit sources_;
    std::uint64_t refused_ = 0;
    std::uint64_t accepted_ = 0;  ///< that still live, handshakes and greetings included
    Greetings greetings_;
    Handshakes handshakes_;
};

}  // namespace protohost::unit
