// SPDX-License-Identifier: MIT
#include "daemon/control/client.hpp"

#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <utility>

#include "daemon/control/message.hpp"

namespace protohost::control {

using base::Json;

Client::Failure Client::fail(Failure failure, const std::string& message) {
    error_ = {{"code", ""}, {"message", message}};
    if (failure != Failure::refused) socket_.close();
    return failure;
}

Client::Failure Client::ask(const std::string& verb, const Json& arguments, Json& result) {
    if (!socket_) {
        if (const Failure failure = connect(); failure != Failure::none) return failure;
    }
    Json request;
    request["version"] = protocol_version;
    request["verb"] = verb;
    request["arguments"] = arguments;
    const std::string text = request.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    if (const Failure failure = send(text); failure != Failure::none) return failure;
    std::string line;
    if (const Failure failure = receive(line); failure != Failure::none) return failure;
    Json answer = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!answer.is_object()) return fail(Failure::broken, "the daemon's answer is no JSON");
    if (answer.contains("error")) {
        error_ = std::move(answer["error"]);
        return Failure::refused;
    }
    if (!answer.contains("result")) return fail(Failure::broken, "the daemon's answer is empty");
    result = std::move(answer["result"]);
    return Failure::none;
}

Client::Failure Client::connect() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof address.sun_path) {
        return fail(Failure::unreachable, path_ + ": too long for a socket's path");
    }
    std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
    socket_ = base::Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto* const to = reinterpret_cast<const sockaddr*>(&address);
    if (!socket_ || ::connect(socket_.get(), to, sizeof address) != 0) {
        const bool nobody = errno == ENOENT || errno == ECONNREFUSED;
        return fail(Failure::unreachable,
                    path_ + ": " + std::strerror(errno) +
                        (nobody ? " (is protohostd running? its control.socket may be another: "
                                  "--socket PATH)"
                                : ""));
    }
    input_.clear();
    return Failure::none;
}

Client::Failure Client::send(const std::string& line) {
    std::size_t sent = 0;
    while (sent < line.size()) {
        const ssize_t size =
            ::send(socket_.get(), line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && errno == EPIPE) break;  // it may have said why it has closed
        if (size < 0) return fail(Failure::broken, std::string("sending: ") + std::strerror(errno));
        sent += static_cast<std::size_t>(size);
    }
    return Failure::none;
}

Client::Failure Client::receive(std::string& line) {
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + patience_;
    for (;;) {
        if (const auto end = input_.find('\n'); end != std::string::npos) {
            line = input_.substr(0, end);
            input_.erase(0, end + 1);
            return Failure::none;
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        if (patience_.count() != 0 && left.count() <= 0) {
            return fail(Failure::timeout, "no answer in time; what was asked for may go on");
        }
        pollfd ready{socket_.get(), POLLIN, 0};
        const int wait = patience_.count() == 0 ? -1 : static_cast<int>(left.count());
        if (::poll(&ready, 1, wait) <= 0) continue;
        char buffer[64 * 1024];
        const ssize_t size = ::recv(socket_.get(), buffer, sizeof buffer, 0);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return fail(Failure::broken, "the daemon has closed the connection");
        input_.append(buffer, static_cast<std::size_t>(size));
    }
}

}  // namespace protohost::control
