// SPDX-License-Identifier: MIT
#include <memory>
#include <stdexcept>
#include <string>

#include <protohost/plugin.hpp>

// The protocol of a subprocess that greets its program, and says in the log what it is told.

namespace {

struct Manners {
    explicit Manners(const protohost::Options& options)
        : greeting(options.get<std::string>("greeting")),
          farewell(options.get<std::string>("farewell")),
          fails(options.get<bool>("fails")) {}

    const std::string greeting;
    const std::string farewell;
    const bool fails;
};

class Dialogue final : public protohost::SubprocessProtocol {
public:
    explicit Dialogue(const Manners& manners) : manners_(manners) {}

    void connection_made(protohost::SubprocessTransport transport) override {
        transport_ = transport;
        log().info("made");
        say(manners_.greeting);
    }
    void pipe_data_received(int fd, protohost::Bytes data) override {
        std::string text(protohost::as_text(data));
        while (text.ends_with('\n')) text.pop_back();
        log().info(std::to_string(fd) + " says " + text);
    }
    void pipe_connection_lost(int fd, const protohost::Error*) override {
        log().info("end of pipe " + std::to_string(fd));
    }
    void process_exited() override {
        log().info("exited: " + std::to_string(transport_.get_returncode().value()));
    }
    void connection_lost(const protohost::Error* exc) override {
        log().info(exc == nullptr ? "lost" : "lost with an error");
    }
    bool drain_requested(protohost::TimePoint) override {
        log().info("drain");
        if (manners_.farewell.empty()) return false;
        say(manners_.farewell);
        return true;
    }

private:
    void say(const std::string& text) {
        if (!text.empty()) transport_.get_pipe_transport(0).write(text + "\n");
    }

    const Manners& manners_;
    protohost::SubprocessTransport transport_;
};

class Factory {
public:
    explicit Factory(const protohost::Options& options) : manners_(options) {}
    std::unique_ptr<Dialogue> operator()() {
        if (manners_.fails) throw std::runtime_error("no dialogue today");
        return std::make_unique<Dialogue>(manners_);
    }

private:
    const Manners manners_;
};

constexpr ph_option options[] = {
    protohost::option("greeting", protohost::OptionType::string, "", "said at first"),
    protohost::option("farewell", protohost::OptionType::string, "", "said when it is stopped"),
    protohost::option("fails", protohost::OptionType::boolean, "false", "it makes no protocol"),
};

}  // namespace

PROTOHOST_PLUGIN("dialogue",
                 "1.0",
                 protohost::factory<Factory>("dialogue", "talks with a program", options));
