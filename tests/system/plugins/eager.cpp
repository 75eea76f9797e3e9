// SPDX-License-Identifier: MIT
#include <csignal>
#include <cstdint>
#include <memory>

#include <protohost/plugin.hpp>

namespace {

class Silent final : public protohost::Protocol {};

/// Sends the daemon a signal while it starts.
class Eager {
public:
    explicit Eager(const protohost::Options& options) {
        std::raise(options.get<std::int32_t>("signal"));
    }
    std::unique_ptr<Silent> operator()() { return std::make_unique<Silent>(); }
};

constexpr ph_option options[] = {
    protohost::required_option("signal", protohost::OptionType::integer, "its number"),
};

}  // namespace

PROTOHOST_PLUGIN("eager",
                 "1.0",
                 protohost::factory<Eager>("eager", "signals the daemon that starts it", options));
