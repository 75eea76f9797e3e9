// SPDX-License-Identifier: MIT
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <protohost/plugin.hpp>

namespace {

/// HTTP/1.1 as far as a client needs it that asks for a page or sends one: GET is answered with
/// the path, anything with a body with that body, as it comes. Connections are kept.
class TinyHttp final : public protohost::Protocol {
public:
    void connection_made(protohost::Transport transport) override { transport_ = transport; }
    void data_received(protohost::Bytes data) override {
        received_ += protohost::as_text(data);
        while (!received_.empty() && !transport_.is_closing()) {
            if (body_left_ > 0) {
                pass_body_on();
            } else if (!take_head()) {
                return;
            }
        }
    }
    void pause_writing() override { transport_.pause_reading(); }
    void resume_writing() override { transport_.resume_reading(); }

private:
    void pass_body_on();
    /// False where the head of the next request is not complete.
    bool take_head();
    void answer(std::string_view head);

    protohost::Transport transport_;
    std::string received_;
    std::size_t body_left_ = 0;
};

/// The value of a header; curl writes names as they are written here, or in small letters.
std::string_view header(std::string_view head, std::string_view name) {
    for (std::size_t begin = head.find("\r\n"); begin != std::string_view::npos;) {
        begin += 2;
        const std::size_t end = head.find("\r\n", begin);
        const std::string_view line = head.substr(begin, end - begin);
        if (line.starts_with(name) && line.substr(name.size()).starts_with(": ")) {
            return line.substr(name.size() + 2);
        }
        begin = end;
    }
    return {};
}

void TinyHttp::pass_body_on() {
    const std::string_view piece = std::string_view(received_).substr(0, body_left_);
    transport_.write(piece);
    body_left_ -= piece.size();
    received_.erase(0, piece.size());
}

bool TinyHttp::take_head() {
    const std::size_t size = received_.find("\r\n\r\n");
    if (size == std::string::npos) return false;
    answer(std::string_view(received_).substr(0, size));
    received_.erase(0, size + 4);
    return true;
}

void TinyHttp::answer(std::string_view head) {
    const std::string_view length = header(head, "Content-Length");
    if (header(head, "Expect") == "100-continue") transport_.write("HTTP/1.1 100 Continue\r\n\r\n");
    if (!length.empty()) body_left_ = std::stoul(std::string(length));
    const std::size_t path = head.find(' ') + 1;
    const std::string page = std::string(head.substr(path, head.find(' ', path) - path)) + '\n';
    transport_.writelines({"HTTP/1.1 200 OK\r\nContent-Length: ",
                           std::to_string(length.empty() ? page.size() : body_left_),
                           "\r\n\r\n",
                           length.empty() ? page : std::string()});
    if (header(head, "Connection") == "close") transport_.close();
}

}  // namespace

PROTOHOST_PLUGIN("tiny_http",
                 "1.0",
                 protohost::factory<TinyHttp>("tiny_http", "answers HTTP requests"));
