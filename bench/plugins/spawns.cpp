// SPDX-License-Identifier: MIT
#include <charconv>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <protohost/plugin.hpp>

// Starts /bin/true as often as a client says, one after the other, and answers with the nanoseconds
// that it took.

namespace {

class Client final : public protohost::Protocol {
public:
    void connection_made(protohost::Transport transport) override { transport_ = transport; }
    void data_received(protohost::Bytes data) override {
        const std::string_view text = protohost::as_text(data);
        std::from_chars(text.data(), text.data() + text.size(), left_);
        begin_ = transport_.get_loop().time();
        next();
    }

private:
    /// Goes on where it has exited with 0.
    class Watching final : public protohost::SubprocessProtocol {
    public:
        explicit Watching(Client& client) : client_(client) {}
        void connection_made(protohost::SubprocessTransport transport) override {
            transport_ = transport;
        }
        void connection_lost(const protohost::Error*) override {
            if (transport_.get_returncode() == 0) client_.next();
        }

    private:
        Client& client_;
        protohost::SubprocessTransport transport_;
    };

    void next() {
        if (left_-- == 0) {
            const auto took = transport_.get_loop().time() - begin_;
            transport_.write(std::to_string(std::chrono::nanoseconds(took).count()) + "\n");
            return;
        }
        const auto inherit = protohost::Stdio::inherit();
        transport_.get_loop().subprocess_exec([this] { return std::make_unique<Watching>(*this); },
                                              {"/bin/true"},
                                              {.in = inherit, .out = inherit, .err = inherit});
    }

    protohost::Transport transport_;
    protohost::TimePoint begin_;
    std::uint64_t left_ = 0;
};

constexpr ph_option options[] = {
    protohost::option("resident", protohost::OptionType::size, "0", "so much memory is in use"),
};

class Factory {
public:
    explicit Factory(const protohost::Options& from)
        : resident_(from.get<std::size_t>("resident"), 'x') {}
    std::unique_ptr<Client> operator()() { return std::make_unique<Client>(); }

private:
    std::vector<char> resident_;
};

}  // namespace

PROTOHOST_PLUGIN("spawns",
                 "1.0",
                 protohost::factory<Factory>("spawns", "starts programs", options));
