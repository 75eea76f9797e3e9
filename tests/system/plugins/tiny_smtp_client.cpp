// SPDX-License-Identifier: MIT
#include <string>

#include <protohost/plugin.hpp>

namespace {

/// Begins TLS with STARTTLS, asks NOOP, and says in the log what it is answered.
class TinySmtpClient final : public protohost::Protocol {
public:
    void connection_made(protohost::Transport transport) override { transport_ = transport; }
    void data_received(protohost::Bytes data) override {
        received_ += protohost::as_text(data);
        while (true) {
            const std::size_t end = received_.find("\r\n");
            if (end == std::string::npos) return;
            const std::string line = received_.substr(0, end);
            received_.erase(0, end + 2);
            answered(line);
        }
    }

private:
    void answered(const std::string& line) {
        log().info("answered: " + line);
        if (line == "220 tiny") transport_.write("STARTTLS\r\n");
        if (line == "220 go ahead") start_tls();
    }
    void start_tls() {
        transport_.get_loop().start_tls(
            transport_, {}, [](const protohost::Error* exc, protohost::Transport transport) {
                if (exc == nullptr) transport.write("NOOP\r\n");
            });
    }

    protohost::Transport transport_;
    std::string received_;
};

}  // namespace

PROTOHOST_PLUGIN("tiny_smtp_client",
                 "1.0",
                 protohost::factory<TinySmtpClient>("tiny_smtp_client", "begins TLS, and no mail"));
