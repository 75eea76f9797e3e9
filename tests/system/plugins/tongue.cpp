// SPDX-License-Identifier: MIT
#include <array>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <pthread.h>
#include <string>
#include <thread>
#include <unistd.h>

#include <protohost/plugin.hpp>

// Built several times, as versions of one plugin: TONGUE_VERSION is what it answers,
// TONGUE_CONSTRUCTOR what it does before anybody calls it, TONGUE_STARTED what it does when its
// listener serves, and TONGUE_FLAGS what its note says.

#ifndef TONGUE_CONSTRUCTOR
#define TONGUE_CONSTRUCTOR
#endif
#ifndef TONGUE_STARTED
#define TONGUE_STARTED
#endif
#ifndef TONGUE_FLAGS
#define TONGUE_FLAGS 0u
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

/// Its code runs in here to the end of the process.
[[maybe_unused]] void start_a_thread() {
    std::thread thread([] {
        for (;;) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    });
    ::pthread_setname_np(thread.native_handle(), "tongue's");
    thread.detach();
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
        TONGUE_STARTED;
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

PROTOHOST_PLUGIN_WITH_FLAGS(TONGUE_FLAGS,
                            "tongue",
                            TONGUE_VERSION,
                            protohost::factory<TongueFactory>("tongue", "says who it is", options));
