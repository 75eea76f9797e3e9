// SPDX-License-Identifier: MIT
#include <charconv>
#include <cstdlib>
#include <memory>
#include <string>
#include <unistd.h>

#include <protohost/plugin.hpp>

// What bench/reload replaces: answers GET of HTTP/1.1 with who it is, and with the path. Built
// under several names. Its version stands in the file where bench/reload finds and changes it.

namespace {

/// Read at run time, or the compiler would take over what it is now.
const volatile char stamp[] = "visited-version-000000";

std::string version() {
    std::string text;
    for (const volatile char* at = stamp + sizeof "visited-version-" - 1; *at != '\0'; ++at) {
        text += *at;
    }
    return text;
}

/// Versions that no daemon may let in.
const struct Early {
    Early() {
        const std::string text = version();
        if (text == "crash!") std::abort();
        if (text == "exits!") ::_exit(0);
        while (text == "hangs!") ::pause();
    }
} early;

class Visited final : public protohost::Protocol {
public:
    explicit Visited(std::string identity) : identity_(std::move(identity)) {}

    void connection_made(protohost::Transport transport) override { transport_ = transport; }
    void data_received(protohost::Bytes data) override {
        received_ += protohost::as_text(data);
        for (std::size_t end = 0; (end = received_.find("\r\n\r\n")) != std::string::npos;) {
            const std::size_t path = received_.find('/');
            const std::string body =
                identity_ + ' ' + received_.substr(path, received_.find(' ', path) - path) + '\n';
            transport_.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                             "\r\n\r\n" + body);
            received_.erase(0, end + 4);
        }
    }

private:
    std::string identity_;
    protohost::Transport transport_;
    std::string received_;
};

class VisitedFactory {
public:
    explicit VisitedFactory(const protohost::Options& options)
        : identity_(version() + "." + options.get<std::string>("name")) {
        if (options.get<std::string>("name").starts_with("refused")) {
            throw protohost::OptionError("this name is refused");
        }
    }
    std::unique_ptr<Visited> operator()() const { return std::make_unique<Visited>(identity_); }

private:
    std::string identity_;
};

constexpr ph_option options[] = {
    protohost::option("name", protohost::OptionType::string, "none", "said in each answer")};

}  // namespace

PROTOHOST_PLUGIN(VISITED_NAME,
                 "1.0",
                 protohost::factory<VisitedFactory>("visited", "says who it is", options));
