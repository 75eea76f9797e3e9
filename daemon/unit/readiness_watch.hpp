// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <sys/types.h>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/error.hpp"
#include "daemon/model/process.hpp"
#include "daemon/net/connector.hpp"
#include "daemon/net/epoll_set.hpp"
#include "daemon/net/process_plan.hpp"
#include "daemon/net/timer.hpp"
#include "daemon/unit/shared.hpp"

namespace protohost::unit {

/// Waits until one process is ready, as `ready:` says. [loop]
///
///     prepare() --the process is started--> begin() --> ready() or expired(), once
///
/// retire() ends it at any moment.
class ReadinessWatch final : private net::EventSink, private net::ConnectorOwner {
public:
    struct Events {
        std::function<void()> ready;
        std::function<void()> expired;                          ///< it was not, in time
        std::function<void(const std::string& text)> status{};  ///< what the process says of itself
    };

    ReadinessWatch(const Shared& shared, const model::ProcessReadiness& settings, Events events);
    ~ReadinessWatch() override;

    /// Nobody is told any more; destroyed when no event can name it.
    static void retire(net::Loop& loop, std::unique_ptr<ReadinessWatch> watch);

    /// Opens what the process needs for it, and puts it into its plan. Before it is started.
    base::Errors prepare(net::ProcessPlan& plan);
    /// It has been started, and runs as `user`.
    void begin(uid_t user);

private:
    void on_events(std::uint32_t events) override;
    void connected(net::Connector& connector, net::ConnectedSocket socket) override;
    void connect_failed(net::Connector& connector, const net::ConnectError& error) override;

    base::Errors open_pipe(net::ProcessPlan& plan);
    base::Errors open_socket(net::ProcessPlan& plan);
    void read_pipe();
    void read_socket();
    void understand(const std::string& message);
    void connect();
    void watch();
    void unwatch();
    void tell(const std::function<void()>& event);

    const Shared shared_;
    const model::ProcessReadiness settings_;
    Events events_;
    base::Descriptor ours_;    ///< of a pipe or a socket
    base::Descriptor theirs_;  ///< of a pipe, until it has been started
    uid_t user_ = 0;
    bool watched_ = false;
    net::Timer deadline_;
    net::Timer pause_;
    std::unique_ptr<net::Connector> connector_;
};

}  // namespace protohost::unit
