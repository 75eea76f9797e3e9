// SPDX-License-Identifier: MIT
#include <span>
#include <string>
#include <string_view>

#include <protohost/plugin.hpp>

namespace {

/// SMTP as far as a client needs it that begins TLS with STARTTLS: NOOP is answered with what the
/// conversation is in, QUIT ends it.
class TinySmtp final : public protohost::Protocol {
public:
    void connection_made(protohost::Transport transport) override {
        transport_ = transport;
        transport_.write("220 tiny\r\n");
    }
    void data_received(protohost::Bytes data) override {
        received_ += protohost::as_text(data);
        while (!transport_.is_closing()) {
            const std::size_t end = received_.find('\n');
            if (end == std::string::npos) return;
            std::string line = received_.substr(0, end);
            received_.erase(0, end + 1);
            if (line.ends_with('\r')) line.pop_back();
            if (line == "STARTTLS") return start_tls();
            answer(line);
        }
    }

private:
    void start_tls();
    void answer(std::string_view line);

    protohost::Transport transport_;
    std::string received_;
};

void TinySmtp::start_tls() {
    transport_.write("220 go ahead\r\n");
    transport_.get_loop().start_tls(
        transport_,
        {.server_side = true, .received = std::as_bytes(std::span(received_))},
        [transport = transport_](const protohost::Error* exc, protohost::Transport) {
            if (exc == nullptr) return;
            transport.get_loop().log().warn("refused: " + std::string(exc->message));
        });
    received_.clear();
}

void TinySmtp::answer(std::string_view line) {
    if (line.starts_with("EHLO")) {
        transport_.write("250-tiny\r\n250 STARTTLS\r\n");
    } else if (line == "NOOP") {
        transport_.write("250 " + transport_.get_extra_info("version", "in the clear") + "\r\n");
    } else if (line == "QUIT") {
        transport_.write("221 bye\r\n");
        transport_.close();
    } else {
        transport_.write("500 unknown\r\n");
    }
}

}  // namespace

PROTOHOST_PLUGIN("tiny_smtp",
                 "1.0",
                 protohost::factory<TinySmtp>("tiny_smtp", "answers SMTP until mail comes"));
