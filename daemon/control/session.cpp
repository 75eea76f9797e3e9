// SPDX-License-Identifier: MIT
#include "daemon/control/session.hpp"

#include <utility>

namespace protohost::control {

namespace {

/// What the border calls self: the share that the transport holds.
using Share = std::shared_ptr<Session>;

Share& session_of(void* self) {
    return *static_cast<Share*>(self);
}

}  // namespace

void Call::answer(base::Json result) const {
    if (const auto session = session_.lock()) session->answer(result_line(std::move(result)));
}

void Call::answer_line(const std::string& line) const {
    if (const auto session = session_.lock()) session->answer(line);
}

void Call::fail(Code code, const std::string& message, const base::Errors& errors) const {
    if (const auto session = session_.lock()) session->answer(error_line(code, message, errors));
}

// The last request may come with the end of what the peer sends: it is answered all the same.
const ph_stream_ops Session::operations = {
    .size = sizeof(ph_stream_ops),
    .kind = PH_STREAM,
    .connection_made = [](void*, ph_transport*) { return ph_status{PH_OK}; },
    .connection_lost =
        [](void* self, const ph_error*) {
            session_of(self)->transport_ = nullptr;
            return ph_status{PH_OK};
        },
    .pause_writing = nullptr,
    .resume_writing = nullptr,
    .destroy = [](void* self) { delete static_cast<Share*>(self); },
    .data_received =
        [](void* self, const void* data, std::size_t size) {
            session_of(self)->received({static_cast<const char*>(data), size});
            return ph_status{PH_OK};
        },
    .get_buffer = nullptr,
    .buffer_updated = nullptr,
    .eof_received =
        [](void* self, std::int32_t* keep_open) {
            *keep_open = session_of(self)->busy_ ? 1 : 0;
            session_of(self)->ended_ = true;
            return ph_status{PH_OK};
        },
    .drain_requested = nullptr};

ph_proto Session::protocol(std::shared_ptr<Session> session, net::Transport& transport) {
    session->transport_ = &transport;
    return {reinterpret_cast<const ph_any_ops*>(&operations), new Share(std::move(session))};
}

void Session::received(std::string_view bytes) {
    input_ += bytes;
    take_lines();
}

void Session::take_lines() {
    if (std::exchange(taking_, true)) return;  // an answer that came from inside the handler
    while (!busy_ && transport_ != nullptr) {
        const auto end = input_.find('\n');
        if (end == std::string::npos) break;
        const std::string line = input_.substr(0, end);
        input_.erase(0, end + 1);
        busy_ = true;
        auto request = parse_request(line);
        if (request) {
            handler_(Call(weak_from_this(), peer_, role_, std::move(*request)));
        } else {
            answer(error_line(Code::bad_request, base::to_string(request.error().front())));
        }
    }
    taking_ = false;
    if (transport_ == nullptr) return;
    if (input_.size() > longest_request) {
        write(error_line(Code::bad_request, "the request is too long"));
        return transport_->close();
    }
    if (ended_ && !busy_) return transport_->close();
    // Whoever asks faster than it is answered waits.
    busy_ ? transport_->pause_reading() : transport_->resume_reading();
}

void Session::write(const std::string& line) {
    transport_->write(line.data(), line.size());
}

void Session::answer(const std::string& line) {
    if (!std::exchange(busy_, false) || transport_ == nullptr) return;
    write(line);
    take_lines();
}

}  // namespace protohost::control
