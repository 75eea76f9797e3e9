// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cstdint>
#include <istream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "connection.hpp"
#include "control.hpp"
#include "script.hpp"

// The plugin that plays a scenario's protocol: it does what the unit's options say, and tells the
// runner of every callback.

namespace conformance {
namespace {

std::string quoted(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            (out += '\\') += c;
        } else if (byte < 0x20) {
            ((out += "\\u00") += digits[byte / 16]) += digits[byte % 16];
        } else {
            out += c;
        }
    }
    return out += '"';
}

std::string to_hex(protohost::Bytes data) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(2 * data.size());
    for (const std::byte byte : data) {
        (out += digits[std::to_integer<unsigned>(byte) / 16]) +=
            digits[std::to_integer<unsigned>(byte) % 16];
    }
    return out;
}

/// All that one unit's factory has. [loop]
class Play final : public Recorder, public std::enable_shared_from_this<Play> {
public:
    Play(const protohost::Options& options, bool datagrams)
        : path_(options.get<std::string>("control")),
          scenario_(options.get<std::string>("scenario")),
          script_(options, datagrams) {}

    void started(protohost::Loop loop) {
        loop_ = loop;
        control_.emplace(
            path_, loop, [play = weak_from_this()](const std::string& command, int descriptor) {
                if (const auto self = play.lock()) self->obey(command, descriptor);
            });
        control_->send("{\"scenario\": " + quoted(scenario_) + "}");
        for (const std::string& message : std::exchange(early_, {})) control_->send(message);
    }

    std::unique_ptr<protohost::BaseProtocol> make_protocol() {
        return add_connection().make_protocol("");
    }
    std::unique_ptr<protohost::DatagramProtocol> make_datagram_protocol() {
        return add_connection().make_datagram_protocol("");
    }

    void record(const Place& place, std::string_view event, std::string_view value) override {
        tell(opening(place, event) + ", \"value\": " + quoted(value) + "}");
    }
    void record(const Place& place,
                std::string_view event,
                protohost::Bytes data,
                std::string_view from) override {
        constexpr std::size_t piece = 16384;
        do {
            const protohost::Bytes next = data.first(std::min(data.size(), piece));
            data = data.subspan(next.size());
            std::string message = opening(place, event);
            if (!from.empty()) (message += ", \"from\": ") += quoted(from);
            tell(message + ", \"data\": \"" + to_hex(next) + "\"}");
            event = "...";
        } while (!data.empty());
    }

private:
    /// What opens with the unit has its connection_made before the factory is told that it started.
    void tell(std::string message) {
        if (!control_) return early_.push_back(std::move(message));
        control_->send(message);
    }

    Connection& add_connection() {
        const auto number = static_cast<unsigned>(connections_.size() + 1);
        connections_.push_back(std::make_shared<Connection>(script_, *this, number));
        return *connections_.back();
    }

    static std::string opening(const Place& place, std::string_view event) {
        std::string text = "{\"connection\": " + std::to_string(place.connection);
        if (place.fd >= 0) text += ", \"fd\": " + std::to_string(place.fd);
        return text + ", \"event\": " + quoted(event);
    }

    /// `ID gate CONNECTION NAME`, `ID turns N`, `ID open WAY ..`, `ID address NAME ADDRESS`,
    /// `ID abort`. Answered when it is done.
    void obey(const std::string& command, int descriptor) {
        std::istringstream words(command);
        std::string id;
        std::string verb;
        unsigned turns = 0;
        words >> id >> verb;
        if (verb == "gate") {
            unsigned number = 0;
            std::string name;
            words >> number >> name;
            release_gate(number, name);
        } else if (verb == "address") {
            std::string name;
            std::string address;
            words >> name >> address;
            for (const auto& connection : connections_) connection->name_address(name, address);
        } else if (verb == "turns") {
            words >> turns;
        } else if (verb == "open") {
            open(words, descriptor);
        } else if (verb == "abort") {
            for (const auto& connection : connections_) connection->abort();
        }
        go_round(turns, id);
    }

    /// `tcp HOST PORT` or `unix PATH`; with a descriptor `socket`, `read` or `write`; or `exec` or
    /// `shell` and what start() takes.
    void open(std::istream& words, int descriptor) {
        std::string way;
        std::string where;
        std::uint16_t port = 0;
        words >> way;
        if (way == "exec" || way == "shell") return start(words, way == "shell");
        words >> where >> port;
        const auto make = [self = shared_from_this()] { return self->make_protocol(); };
        const auto done = [self = shared_from_this()](const protohost::Error* why, const auto&) {
            const auto number = static_cast<unsigned>(self->connections_.size());
            self->record({std::max(number, 1U)},
                         why == nullptr ? "opened" : "open failed",
                         why == nullptr ? "" : reason(why));
        };
        if (way == "tcp") {
            loop_.create_connection(make, where, port, {}, done);
        } else if (way == "unix") {
            loop_.create_unix_connection(make, where, {}, done);
        } else if (way == "socket") {
            loop_.create_connection(make, protohost::Sock{descriptor}, done);
        } else if (way == "read") {
            loop_.connect_read_pipe(make, descriptor, done);
        } else if (way == "write") {
            loop_.connect_write_pipe(make, descriptor, done);
        }
    }

    /// `KEY=VALUE ... -- PROGRAM ARGUMENT ...`
    void start(std::istream& words, bool shell) {
        protohost::SubprocessOptions options;
        options.env.emplace();
        std::string word;
        while (words >> word && word != "--") {
            const auto equals = word.find('=');
            set(options, word.substr(0, equals), word.substr(equals + 1));
        }
        std::vector<std::string> command;
        while (words >> word) command.push_back(word);
        const auto make = [self = shared_from_this()] {
            return self->add_connection().make_subprocess_protocol("");
        };
        const auto done = [self = shared_from_this()](const protohost::Error* why, const auto&) {
            if (why != nullptr) self->record({1}, "open failed", reason(why));
        };
        if (!shell) return static_cast<void>(loop_.subprocess_exec(make, command, options, done));
        std::string line;
        for (const std::string& part : command) line += (line.empty() ? "" : " ") + part;
        loop_.subprocess_shell(make, line, options, done);
    }

    static void set(protohost::SubprocessOptions& options,
                    const std::string& key,
                    const std::string& value) {
        using protohost::Stdio;
        const Stdio stream = value == "devnull"   ? Stdio::devnull()
                             : value == "inherit" ? Stdio::inherit()
                             : value == "stdout"  ? Stdio::output()
                                                  : Stdio::pipe();
        if (key == "stdin") options.in = stream;
        if (key == "stdout") options.out = stream;
        if (key == "stderr") options.err = stream;
        if (key == "cwd") options.cwd = value;
        if (key == "start_new_session") options.start_new_session = value == "true";
        if (key == "env") {
            const auto equals = value.find('=');
            options.env->emplace(value.substr(0, equals), value.substr(equals + 1));
        }
    }

    void release_gate(unsigned number, const std::string& name) {
        // What the runner waits for is answered even where the scenario wants an exception.
        if (number == 0 || number > connections_.size()) return;
        loop_.call_soon(
            [connection = connections_[number - 1], name] { connection->release_gate(name); });
    }

    /// `turns` iterations of the loop and one, so that what was done before has gone out.
    void go_round(unsigned turns, const std::string& id) {
        loop_.call_soon([this, turns, id] {
            if (turns > 0) return go_round(turns - 1, id);
            tell("{\"done\": " + id + "}");
        });
    }

    std::string path_;
    std::string scenario_;
    Script script_;
    protohost::Loop loop_;
    std::vector<std::shared_ptr<Connection>> connections_;
    std::vector<std::string> early_;
    std::optional<Control> control_;  // last: its thread goes first
};

class Factory {
public:
    explicit Factory(const protohost::Options& options, bool datagrams = false)
        : play_(std::make_shared<Play>(options, datagrams)) {}
    void started(protohost::Loop loop) { play_->started(loop); }
    std::unique_ptr<protohost::BaseProtocol> operator()() { return play_->make_protocol(); }

protected:
    std::shared_ptr<Play> play_;
};

class DatagramFactory : public Factory {
public:
    explicit DatagramFactory(const protohost::Options& options) : Factory(options, true) {}
    std::unique_ptr<protohost::DatagramProtocol> operator()() {
        return play_->make_datagram_protocol();
    }
};

constexpr std::array options{
    protohost::required_option("control", protohost::OptionType::string, "the runner's socket"),
    protohost::required_option("scenario", protohost::OptionType::string, "whose unit this is"),
    protohost::option("buffers", protohost::OptionType::integer, "0", "SO_SNDBUF of connections"),
    protohost::required_option("script", protohost::OptionType::any, "what the protocols do"),
};

}  // namespace
}  // namespace conformance

PROTOHOST_PLUGIN("trace",
                 "1.0",
                 protohost::factory<conformance::Factory>("trace",
                                                          "plays a scenario and tells the runner",
                                                          conformance::options),
                 protohost::factory<conformance::DatagramFactory>("datagrams",
                                                                  "the same with datagrams",
                                                                  conformance::options));
