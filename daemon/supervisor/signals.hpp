// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "daemon/base/log.hpp"
#include "daemon/supervisor/supervisor.hpp"

namespace protohost::supervisor {

/// SIGHUP reloads. SIGTERM and SIGINT stop the daemon, twice at once.
class Signals {
public:
    /// `stopped` is called when the last unit has stopped. What comes before the loop runs waits.
    Signals(boost::asio::io_context& io, Supervisor& supervisor, std::function<void()> stopped);

private:
    void wait();
    void received(int signal);

    boost::asio::signal_set signals_;
    Supervisor& supervisor_;
    std::function<void()> stopped_;
    base::Log log_{"supervisor"};
    bool stopping_ = false;
};

}  // namespace protohost::supervisor
