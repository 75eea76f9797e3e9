// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/model/configuration.hpp"
#include "daemon/net/executor.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/resolver.hpp"
#include "daemon/plugin/staging.hpp"
#include "daemon/unit/endpoint.hpp"
#include "daemon/unit/generations.hpp"
#include "daemon/unit/host.hpp"
#include "daemon/unit/listener.hpp"
#include "tests/daemon/plugin/guest_files.hpp"
#include "tests/daemon/unit/story.hpp"
#include "tests/guests/puppet.h"

namespace protohost::unit::testing {

/// A unit whose protocol factory is the test's.
class Puppet {
public:
    Puppet(const ph_host& host, std::uint32_t kind);
    Puppet(const Puppet&) = delete;
    Puppet& operator=(const Puppet&) = delete;

    Story story;
    /// asyncio's protocol_factory of the unit; makes protocols that tell `story`.
    std::function<std::unique_ptr<BaseProtocol>()> make_protocol;
    std::function<void(Loop)> started;
    bool released = false;

    Unit& unit() { return *unit_; }
    /// bind(), which must go well, and start().
    void start();
    /// As a reload does it: what comes from now on is the protocols of `other`, which is not
    /// started.
    void use(const Puppet& other) { unit_->use(other.binding_); }
    /// Begins to stop; stopped() says when it has.
    void stop();
    bool stopped() const { return stops_ != 0; }
    /// Unit and binding go: the factory is released.
    void destroy();

    // What a plugin has in its hands.
    ph_ctx* context() const { return &binding_->context(); }
    Loop loop() const { return Loop(detail::Context{&host_, context()}); }
    const ph_host& host() const { return host_; }
    const ph_loop_api& api() const { return *host_.loop; }

private:
    friend class Rig;

    const ph_host& host_;
    puppet_strings strings_;
    std::shared_ptr<Binding> binding_;
    std::unique_ptr<Unit> unit_;
    unsigned asked_to_stop_ = 0;
    unsigned stops_ = 0;
    bool in_stop_ = false;
};

/// Units as the daemon runs them, on a real loop. Its end stops and destroys them, and no
/// descriptor may be left then.
class Rig {
public:
    explicit Rig(net::Resolver::Lookup lookup = net::resolve);
    ~Rig();

    Puppet& listener(model::ListenerSpec spec = {});
    Puppet& endpoint(model::EndpointSpec spec);

    /// Runs the loop until `done`; fails the test when that takes too long, and then waits no
    /// more.
    void run_until(const std::function<bool()>& done);
    /// Runs what is ready now and nothing more.
    void run_ready();
    /// Waits for the next thing that the loop has to do, and does it.
    void step();
    /// The same; false when there is nothing to do: the loop sleeps.
    bool step_unless_idle();
    /// Stops it, waits until it has, and destroys it.
    void end(Puppet& puppet);

private:
    template <class U, class Spec>
    Puppet& add(Spec spec, std::uint32_t kind);

public:
    net::Loop loop;
    net::Resolver resolver;
    net::Executor executor;

private:
    Host host_;
    plugin::testing::TemporaryFolder folder_;
    std::unique_ptr<plugin::StagingDirectory> staging_;
    Generations generations_{loop, host_.table()};
    std::shared_ptr<Generation> generation_;
    std::vector<std::unique_ptr<Puppet>> puppets_;
    std::size_t descriptors_;
    bool waited_in_vain_ = false;
};

/// "tcp://127.0.0.1:0", ...; what does not parse fails the test.
model::Address address(const std::string& text);

/// A listener with these addresses.
model::ListenerSpec listen(const std::vector<std::string>& addresses);

/// An endpoint that connects there; pauses are 1 ms.
model::EndpointSpec connect(const std::string& address);

}  // namespace protohost::unit::testing
