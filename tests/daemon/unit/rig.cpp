// SPDX-License-Identifier: MIT
#include "tests/daemon/unit/rig.hpp"

#include <bit>
#include <chrono>
#include <csignal>
#include <utility>

#include <gtest/gtest.h>

#include "tests/daemon/net/connect_rig.hpp"
#include "tests/daemon/plugin/nodes.hpp"

namespace protohost::unit::testing {

namespace {

/// Long: who waits for it in vain has failed anyway.
constexpr auto patience = std::chrono::seconds(30);

Puppet& puppet(void* test) {
    return *static_cast<Puppet*>(test);
}

ph_status started(void* test) {
    const detail::Context context{&puppet(test).host(), puppet(test).context()};
    return detail::guarded(context, [&] {
        if (puppet(test).started) puppet(test).started(puppet(test).loop());
        return ph_status{PH_OK};
    });
}

ph_status make_protocol(void* test, ph_proto* out) {
    const detail::Context context{&puppet(test).host(), puppet(test).context()};
    return detail::guarded(context, [&] {
        *out = detail::Binding::bind(context, puppet(test).make_protocol());
        return ph_status{PH_OK};
    });
}

void released(void* test) {
    EXPECT_FALSE(std::exchange(puppet(test).released, true));
}

}  // namespace

Puppet::Puppet(const ph_host& host, std::uint32_t kind)
    : make_protocol([this, kind] { return story.protocol(kind); }),
      host_(host),
      strings_{this, testing::started, testing::make_protocol, testing::released} {}

void Puppet::start() {
    ASSERT_EQ(plugin::testing::text(unit_->bind()), "");
    unit_->start();
}

void Puppet::stop() {
    in_stop_ = true;
    ++asked_to_stop_;
    unit_->stop([this] {
        EXPECT_FALSE(in_stop_) << "stopped from inside stop()";
        ++stops_;
    });
    in_stop_ = false;
}

void Puppet::destroy() {
    unit_.reset();
    binding_.reset();
    EXPECT_TRUE(released);
}

Rig::Rig(net::Resolver::Lookup lookup)
    : resolver(loop, std::move(lookup)),
      executor(loop, 1),
      staging_(plugin::StagingDirectory::create(folder_ / "state").value()) {
    // As the daemon does.
    std::signal(SIGPIPE, SIG_IGN);
    auto staged = staging_->stage(plugin::testing::put_guest(folder_, "puppet"));
    generation_ = generations_.load(staged.value()).value();
    descriptors_ = net::testing::open_descriptors();
}

Rig::~Rig() {
    for (auto& puppet : puppets_) {
        // What it captured may be gone with the body of the test.
        puppet->story.on = nullptr;
        if (puppet->unit_ != nullptr) end(*puppet);
    }
    run_ready();
    EXPECT_EQ(net::testing::open_descriptors(), descriptors_) << "descriptors were left open";
}

template <class U, class Spec>
Puppet& Rig::add(Spec spec, std::uint32_t kind) {
    Puppet& puppet = *puppets_.emplace_back(std::make_unique<Puppet>(host_.table(), kind));
    spec.name = "u" + std::to_string(puppets_.size());
    spec.protocol.value.plugin = "puppet";
    const auto options =
        plugin::testing::options({{"strings",
                                   plugin::testing::scalar(std::to_string(
                                       std::bit_cast<std::intptr_t>(&puppet.strings_)))}});
    const char* const factory = kind == PH_STREAM ? "puppet" : "datagrams";
    puppet.binding_ = Binding::make(generation_,
                                    **generation_->module()->find_factory("here", factory),
                                    options,
                                    "unit " + spec.name)
                          .value();
    puppet.unit_ =
        std::make_unique<U>(Shared{loop, resolver, executor}, std::move(spec), puppet.binding_);
    return puppet;
}

Puppet& Rig::listener(model::ListenerSpec spec) {
    return add<Listener>(std::move(spec), PH_STREAM);
}

Puppet& Rig::endpoint(model::EndpointSpec spec) {
    const std::uint32_t kind = Endpoint::protocol_kind(spec);
    return add<Endpoint>(std::move(spec), kind);
}

void Rig::run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!done() && !waited_in_vain_) {
        loop.run_once(deadline);
        waited_in_vain_ = std::chrono::steady_clock::now() >= deadline;
        EXPECT_FALSE(waited_in_vain_) << "what was waited for did not happen";
    }
}

void Rig::run_ready() {
    loop.run_ready();
}

void Rig::step() {
    EXPECT_TRUE(loop.run_once(patience)) << "nothing happens any more";
}

bool Rig::step_unless_idle() {
    return loop.run_once(std::chrono::milliseconds(20));
}

void Rig::end(Puppet& puppet) {
    if (!puppet.stopped()) puppet.stop();
    run_until([&] { return puppet.stopped(); });
    run_ready();
    EXPECT_EQ(puppet.stops_, puppet.asked_to_stop_);
    EXPECT_EQ(puppet.unit().connections(), 0u);
    EXPECT_EQ(puppet.story.count("made"), puppet.story.count("lost"));
    EXPECT_EQ(puppet.story.count("made"), puppet.story.count("gone"));
    const auto told = puppet.story.events.size();
    puppet.destroy();
    run_ready();
    EXPECT_EQ(puppet.story.events.size(), told) << "a callback after the end";
}

model::Address address(const std::string& text) {
    std::string problem;
    auto address = model::parse_address(text, problem);
    EXPECT_EQ(problem, "") << text;
    return address.value_or(model::Address{});
}

model::ListenerSpec listen(const std::vector<std::string>& addresses) {
    model::ListenerSpec spec;
    for (const auto& each : addresses) spec.listen.push_back({address(each), {}});
    return spec;
}

model::EndpointSpec connect(const std::string& where) {
    model::EndpointSpec spec;
    spec.kind = model::EndpointSpec::Kind::connect;
    spec.address = {address(where), {}};
    spec.reconnect =
        model::Reconnect{std::chrono::milliseconds(1), std::chrono::milliseconds(1), 0.0};
    return spec;
}

}  // namespace protohost::unit::testing
