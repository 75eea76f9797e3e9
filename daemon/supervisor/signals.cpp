// SPDX-License-Identifier: MIT
#include "daemon/supervisor/signals.hpp"

#include <csignal>
#include <utility>

#include "daemon/base/service_notification.hpp"

namespace protohost::supervisor {

Signals::Signals(boost::asio::io_context& io, Supervisor& supervisor, std::function<void()> stopped)
    : signals_(io, SIGTERM, SIGINT, SIGHUP), supervisor_(supervisor), stopped_(std::move(stopped)) {
    std::signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error code, not a signal
    wait();
}

void Signals::wait() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (error) return;
        received(signal);
        wait();
    });
}

void Signals::received(int signal) {
    if (signal == SIGHUP) return supervisor_.reload("SIGHUP", nullptr);
    log_.info("{}: {}",
              signal == SIGTERM ? "SIGTERM" : "SIGINT",
              std::exchange(stopping_, true) ? "aborting what has not ended" : "stopping");
    base::notify_service("STOPPING=1");
    supervisor_.stop(stopped_);
}

}  // namespace protohost::supervisor
