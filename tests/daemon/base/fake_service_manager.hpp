// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/base/descriptor.hpp"

namespace protohost::fakes {

/// What a service manager is for its services: a datagram socket that hears what they say.
class FakeServiceManager {
public:
    /// In the abstract namespace, or at `path`, where that is given.
    explicit FakeServiceManager(const std::string& path = {})
        : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = path.empty() ? sizeof address.sun_family : sizeof address;
        EXPECT_EQ(::bind(socket_.get(), generic, size), 0) << std::strerror(errno);
        size = sizeof address;
        EXPECT_EQ(::getsockname(socket_.get(), generic, &size), 0);
        const std::size_t head = offsetof(sockaddr_un, sun_path) + 1;
        const char* const name = static_cast<const char*>(address.sun_path);
        name_ = path.empty() ? '@' + std::string(name + 1, size - head) : path;
    }

    /// What NOTIFY_SOCKET says of it.
    const std::string& name() const { return name_; }
    int descriptor() const { return socket_.get(); }

    /// The next datagram, if it comes within `milliseconds`; else "".
    std::string hear(int milliseconds = 0) const {
        pollfd waiting{.fd = socket_.get(), .events = POLLIN, .revents = 0};
        if (::poll(&waiting, 1, milliseconds) <= 0) return {};
        std::array<char, 4096> buffer{};
        const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : "";
    }

    /// All that has been said by now.
    std::vector<std::string> hear_all() const {
        std::vector<std::string> heard;
        for (std::string said = hear(); !said.empty(); said = hear()) heard.push_back(said);
        return heard;
    }

private:
    base::Descriptor socket_;
    std::string name_;
};

/// A variable of the environment for as long as this lives; then it is unset.
class Variable {
public:
    Variable(const char* name, const std::string& value) : name_(name) {
        ::setenv(name, value.c_str(), 1);
    }
    ~Variable() { ::unsetenv(name_); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

private:
    const char* name_;
};

}  // namespace protohost::fakes
