// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>

#include <protohost/plugin.hpp>

namespace {

struct Manners {
    explicit Manners(const protohost::Options& options)
        : gulp(options.get<std::size_t>("gulp")),
          pause(options.get<std::chrono::nanoseconds>("pause")) {}

    const std::size_t gulp;
    const std::chrono::nanoseconds pause;
};

/// Takes a gulp of what its program writes, nothing for a while, and another one.
class Gulps final : public protohost::SubprocessProtocol {
public:
    explicit Gulps(const Manners& manners) : manners_(manners) {}

    void connection_made(protohost::SubprocessTransport transport) override {
        output_ = transport.get_pipe_transport(1);
    }
    void pipe_data_received(int, protohost::Bytes data) override {
        if (!output_.is_reading()) log().error("got something during a pause");
        taken_ += data.size();
        if (taken_ < manners_.gulp) return;
        taken_ = 0;
        if (++gulps_ % 64 == 0) log().info("64 gulps");
        output_.pause_reading();
        next_ = output_.get_loop().call_later(manners_.pause, [this] { output_.resume_reading(); });
    }
    void connection_lost(const protohost::Error*) override { next_.cancel(); }

private:
    const Manners& manners_;
    protohost::Transport output_;
    protohost::ScopedHandle next_;
    std::size_t taken_ = 0;
    std::size_t gulps_ = 0;
};

class Factory {
public:
    explicit Factory(const protohost::Options& options) : manners_(options) {}
    std::unique_ptr<Gulps> operator()() { return std::make_unique<Gulps>(manners_); }

private:
    const Manners manners_;
};

constexpr ph_option options[] = {
    protohost::option("gulp", protohost::OptionType::size, "1MiB", "taken before each pause"),
    protohost::option("pause", protohost::OptionType::duration, "2ms", "how long nothing is taken"),
};

}  // namespace

PROTOHOST_PLUGIN("gulps",
                 "1.0",
                 protohost::factory<Factory>("gulps", "reads a program with pauses", options));
