// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <protohost/plugin.hpp>

namespace {

/// Echoes through a buffer of its own, once it is switched to.
class BufferedEcho final : public protohost::BufferedProtocol {
public:
    explicit BufferedEcho(protohost::Transport transport) : transport_(transport) {}

    std::span<std::byte> get_buffer(std::ptrdiff_t) override { return buffer_; }
    void buffer_updated(std::size_t size) override {
        transport_.write(std::span(buffer_).first(size));
    }

private:
    protohost::Transport transport_;
    std::array<std::byte, 100> buffer_{};
};

/// What a connection of the lab may switch to.
class Shout final : public protohost::Protocol {
public:
    explicit Shout(protohost::Transport transport) : transport_(transport) {}

    void data_received(protohost::Bytes data) override {
        std::string text(protohost::as_text(data));
        std::transform(text.begin(), text.end(), text.begin(), [](char c) {
            return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        });
        transport_.write(text);
    }

private:
    protohost::Transport transport_;
};

/// Takes commands, one per line, and shows what the SDK does: `info peername`, `fill 1000000`,
/// `later TEXT`. What has no answer on the wire is told in the log.
class Lab final : public protohost::Protocol {
public:
    /// Both outlive this.
    Lab(const std::string& greeting, const std::string& drain)
        : greeting_(greeting), drain_(drain) {}

    void connection_made(protohost::Transport transport) override {
        transport_ = transport;
        if (!greeting_.empty()) answer(greeting_);
    }
    void connection_lost(const protohost::Error* why) override;
    void data_received(protohost::Bytes data) override;
    bool eof_received() override;
    void pause_writing() override { log("writing paused"); }
    void resume_writing() override { log("writing resumed"); }
    bool drain_requested(protohost::TimePoint deadline) override;

private:
    void obey(const std::string& command, const std::string& argument);
    void schedule(const std::string& command, const std::string& argument);
    void limits();
    void end(const std::string& last);

    void answer(const std::string& text) { transport_.write(text + '\n'); }
    void log(const std::string& text) const { transport_.get_loop().log().info(text); }

    const std::string& greeting_;
    const std::string& drain_;
    protohost::Transport transport_;
    std::string received_;
    std::vector<std::jthread> threads_;  // none of them outlives the plugin
    bool keep_open_ = false;
};

std::string to_text(protohost::WriteStatus status) {
    switch (status) {
        case protohost::WriteStatus::accepted:
            return "accepted";
        case protohost::WriteStatus::over_limit:
            return "over limit";
        case protohost::WriteStatus::closed:
            return "closed";
        case protohost::WriteStatus::invalid_address:
            break;  // datagrams only
    }
    return "unknown";
}

class LabFactory {
public:
    explicit LabFactory(const protohost::Options& options)
        : greeting_(options.get<std::string>("greeting")),
          drain_(options.get<std::string>("drain")) {}

    std::unique_ptr<Lab> operator()() const { return std::make_unique<Lab>(greeting_, drain_); }

private:
    std::string greeting_;
    std::string drain_;
};

constexpr std::array options{
    protohost::option("greeting", protohost::OptionType::string, "", "a line that is sent first"),
    protohost::option("drain",
                      protohost::OptionType::string,
                      "close",
                      "close, keep for ever, or finish a message first")};

void Lab::connection_lost(const protohost::Error* why) {
    const protohost::Log log = transport_.get_loop().log();
    log.info("lost: " + (why == nullptr ? std::string("in order") : std::string(why->message)));
    // The reference outlives the transport, and knows that it is gone.
    transport_.get_loop().call_soon([log, reference = transport_.ref()] {
        log.info(reference.lock() ? "reference: alive" : "reference: gone");
    });
}

void Lab::data_received(protohost::Bytes data) {
    received_ += protohost::as_text(data);
    for (std::size_t end = 0; (end = received_.find('\n')) != std::string::npos;) {
        const std::string line = received_.substr(0, end);
        received_.erase(0, end + 1);
        const std::size_t space = line.find(' ');
        obey(line.substr(0, space), space == std::string::npos ? "" : line.substr(space + 1));
    }
}

bool Lab::eof_received() {
    log("end of file");
    return keep_open_;
}

bool Lab::drain_requested(protohost::TimePoint deadline) {
    protohost::Loop loop = transport_.get_loop();
    log(deadline > loop.time() ? "asked to drain" : "asked to drain too late");
    if (drain_ == "finish") {
        transport_.write("the message is ");
        loop.call_later(std::chrono::milliseconds(50), [reference = transport_.ref()] {
            protohost::Transport transport = reference.lock();
            if (!transport) return;
            transport.write("finished\n");
            transport.close();
        });
    }
    return drain_ != "close";
}

void Lab::obey(const std::string& command, const std::string& argument) {
    if (command == "say") return log(argument);
    if (command == "info") return answer(transport_.get_extra_info(argument, "unknown"));
    if (command == "socket") {
        const bool open = transport_.get_extra_info("socket").descriptor() >= 0;
        return answer(open ? "open" : "none");
    }
    if (command == "lines")
        return answer(to_text(transport_.writelines({"one ", "two ", "three "})));
    if (command == "owned") return answer(to_text(transport_.write_owned("owned ")));
    if (command == "fill") {
        return log("fill: " + to_text(transport_.write(std::string(std::stoul(argument), 'x'))));
    }
    if (command == "size") return answer(std::to_string(transport_.get_write_buffer_size()));
    if (command == "limits") return limits();
    if (command == "end") return end(argument);
    if (command == "close") return transport_.close();
    if (command == "abort") return transport_.abort();
    if (command == "keep") return static_cast<void>(keep_open_ = true);
    if (command == "shout") return transport_.set_protocol(std::make_unique<Shout>(transport_));
    if (command == "buffer") {
        return transport_.set_protocol(std::make_unique<BufferedEcho>(transport_));
    }
    schedule(command, argument);
}

void Lab::schedule(const std::string& command, const std::string& argument) {
    protohost::Loop loop = transport_.get_loop();
    const auto say = [reference = transport_.ref(), argument] {
        if (protohost::Transport transport = reference.lock()) transport.write(argument + '\n');
    };
    if (command == "soon") {
        loop.call_soon(say);
    } else if (command == "later") {
        loop.call_later(std::chrono::milliseconds(20), say);
    } else if (command == "thread") {
        threads_.emplace_back([loop, say]() mutable { loop.call_soon_threadsafe(say); });
    } else if (command == "astray") {
        threads_
            .emplace_back(
                [transport = transport_, argument]() mutable { transport.write(argument + '\n'); })
            .join();
        answer("written astray");
    } else if (command == "hold") {
        while (::access(argument.c_str(), F_OK) != 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        answer("held");
    } else if (command == "throw") {
        loop.call_soon([argument] { throw std::runtime_error(argument); });
    } else {
        answer("no such command");
    }
}

void Lab::limits() {
    const auto show = [this] {
        const auto limits = transport_.get_write_buffer_limits();
        return std::to_string(limits.low) + "-" + std::to_string(limits.high);
    };
    std::string text = show();
    transport_.set_write_buffer_limits(4000);
    text += " " + show();
    transport_.set_write_buffer_limits({}, 500);
    text += " " + show();
    transport_.set_write_buffer_limits();
    text += " " + show();
    try {
        transport_.set_write_buffer_limits(1, 2);
    } catch (const std::invalid_argument&) {
        text += " refused";
    }
    answer(text);
}

void Lab::end(const std::string& last) {
    answer(last);
    transport_.write_eof();
    try {
        transport_.write("after the end");
    } catch (const std::logic_error& error) {
        log(error.what());
    }
}

}  // namespace

PROTOHOST_PLUGIN("lab",
                 "1.0",
                 protohost::factory<LabFactory>("lab", "does what it is told", options));
