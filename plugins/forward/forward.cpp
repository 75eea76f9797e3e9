// SPDX-License-Identifier: MIT
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "side.hpp"
#include "target.hpp"

#include <protohost/plugin.hpp>

namespace forward {

namespace {

/// The connection to the target.
class Upstream final : public Side {
public:
    explicit Upstream(class Client& client) : client_(client) {}
    void connection_made(protohost::Transport transport) override;

private:
    Client& client_;
};

struct Settings {
    Target target;
    std::chrono::nanoseconds connect_timeout;
};

/// The connection that was accepted. Nothing is read from it before the target is there.
class Client final : public Side {
public:
    explicit Client(const Settings& settings) : settings_(settings) {}

    void connection_made(protohost::Transport transport) override {
        transport_ = transport;
        transport_.pause_reading();
        connect();
    }
    void connection_lost(const protohost::Error* exc) override {
        opening_.cancel();
        Side::connection_lost(exc);
    }

private:
    friend Upstream;

    void connect() {
        protohost::Loop loop = transport_.get_loop();
        const Target& target = settings_.target;
        const protohost::ConnectionOptions options{.timeout = settings_.connect_timeout};
        auto upstream = [this] { return std::make_unique<Upstream>(*this); };
        // A client that goes meanwhile cancels; then there is nobody to tell.
        auto done = [this](const protohost::Error* exc, protohost::Transport) {
            if (exc != nullptr && exc->status != PH_E_CANCELLED) refused(*exc);
        };
        if (target.port != 0) {
            opening_ = loop.create_connection(upstream, target.host, target.port, options, done);
        } else {
            opening_ = loop.create_unix_connection(upstream, target.host, options, done);
        }
    }
    void refused(const protohost::Error& exc) {
        transport_.get_loop().log().warn(transport_.get_extra_info("peername", "client") +
                                         ": no connection to " + settings_.target.written + ": " +
                                         std::string(exc.message));
        reset();
    }

    const Settings& settings_;
    protohost::ScopedHandle opening_;
};

void Upstream::connection_made(protohost::Transport transport) {
    transport_ = transport;
    join(client_);
    client_.transport_.resume_reading();
}

class Factory {
public:
    explicit Factory(const protohost::Options& options)
        : settings_{read_target(options),
                    options.get<std::chrono::nanoseconds>("connect_timeout")} {
        if (settings_.connect_timeout.count() == 0) {
            options["connect_timeout"].reject("must not be zero");
        }
    }
    std::unique_ptr<Client> operator()() { return std::make_unique<Client>(settings_); }

private:
    static Target read_target(const protohost::Options& options) {
        auto target = Target::parse(options.get<std::string>("to"));
        if (!target) {
            options["to"].reject("expected tcp://HOST:PORT, unix:///PATH or unix:@NAME");
        }
        return *std::move(target);
    }

    Settings settings_;
};

constexpr ph_option options[] = {
    protohost::required_option("to",
                               protohost::OptionType::string,
                               "the target: tcp://HOST:PORT, unix:///PATH or unix:@NAME"),
    protohost::option("connect_timeout",
                      protohost::OptionType::duration,
                      "10s",
                      "how long connecting to the target may take"),
};

}  // namespace

}  // namespace forward

PROTOHOST_PLUGIN("forward",
                 "1.0",
                 protohost::factory<forward::Factory>(
                     "forward",
                     "connects each client to a target, and carries bytes both ways",
                     forward::options));
