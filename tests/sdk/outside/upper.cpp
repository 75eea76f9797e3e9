// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include <protohost/plugin.hpp>

namespace {

char to_upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

/// Greets, then answers everything in capitals.
class Upper final : public protohost::Protocol {
public:
    explicit Upper(const std::string& greeting) : greeting_(greeting) {}

    void connection_made(protohost::Transport transport) override {
        transport_ = transport;
        if (!greeting_.empty()) transport_.write(protohost::as_bytes(greeting_));
    }
    void data_received(protohost::Bytes data) override {
        std::string text(protohost::as_text(data));
        std::transform(text.begin(), text.end(), text.begin(), to_upper);
        transport_.write(protohost::as_bytes(text));
    }

private:
    const std::string& greeting_;
    protohost::Transport transport_;
};

class UpperFactory {
public:
    explicit UpperFactory(const protohost::Options& options)
        : greeting_(options.get<std::string>("greeting")) {}

    std::unique_ptr<Upper> operator()() const { return std::make_unique<Upper>(greeting_); }

private:
    std::string greeting_;
};

constexpr std::array options{
    protohost::option("greeting", protohost::OptionType::string, "", "sent to every peer at once")};

}  // namespace

PROTOHOST_PLUGIN("upper",
                 "1.0",
                 protohost::factory<UpperFactory>("upper", "answers in capitals", options));
