// SPDX-License-Identifier: MIT
#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <string>
#include <unistd.h>

#include <protohost/plugin.hpp>

// Built several times, as versions of one plugin: TONGUE_VERSION is what it answers, and
// TONGUE_CONSTRUCTOR what it does before anybody calls it.

#ifndef TONGUE_CONSTRUCTOR
#define TONGUE_CONSTRUCTOR
#endif

namespace {

[[maybe_unused]] void crash() {
    std::abort();
}
[[maybe_unused]] void hang() {
    for (;;) ::pause();
}
[[maybe_unused]] void leak() {
    for (int i = 0; i < 10; ++i) static_cast<void>(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

const struct Early {
    Early() { TONGUE_CONSTRUCTOR; }
} early;

/// Answers every line with its version, the greeting of its factory, and the line.
class Tongue final : public protohost::Protocol {
public:
    explicit Tongue(std::string greeting) : greeting_(std::move(greeting)) {}

    void connection_made(protohost::Transport transport) override { transport_ = transport; }
    void data_received(protohost::Bytes data) override {
        received_ += protohost::as_text(data);
        for (std::size_t end = 0; (end = received_.find('\n')) != std::string::npos;) {
            transport_.write(TONGUE_VERSION " " + greeting_ + " " + received_.substr(0, end + 1));
            received_.erase(0, end + 1);
        }
    }

private:
    std::string greeting_;
    protohost::Transport transport_;
    std::string received_;
};

class TongueFactory {
public:
    explicit TongueFactory(const protohost::Options& options)
        : greeting_(options.get<std::string>("greeting")) {}

    void started(protohost::Loop loop) {
        log_ = loop.log();
        log_.info("started " TONGUE_VERSION " " + greeting_);
    }
    void stopped() { log_.info("stopped " TONGUE_VERSION " " + greeting_); }
    std::unique_ptr<Tongue> operator()() const { return std::make_unique<Tongue>(greeting_); }

private:
    std::string greeting_;
    protohost::Log log_;
};

constexpr std::array options{
    protohost::option("greeting", protohost::OptionType::string, "hello", "said in each answer")};

}  // namespace

PROTOHOST_PLUGIN("tongue",
                 TONGUE_VERSION,
                 protohost::factory<TongueFactory>("tongue", "says who it is", options));
