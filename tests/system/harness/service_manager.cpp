// SPDX-License-Identifier: MIT
#include "tests/system/harness/service_manager.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <utility>

#include <gtest/gtest.h>

#include "tests/system/harness/scale.hpp"

namespace protohost::harness {
namespace {

ino_t inode_of(const base::Descriptor& socket) {
    struct stat found {};
    EXPECT_EQ(::fstat(socket.get(), &found), 0);
    return found.st_ino;
}

/// "NAME=value" of a message, or "".
std::string value_of(std::string_view message, std::string_view name) {
    const std::string wanted = "\n" + std::string(name) + "=";
    const std::string lines = "\n" + std::string(message);
    const std::size_t at = lines.find(wanted);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + wanted.size();
    return lines.substr(begin, lines.find('\n', begin) - begin);
}

}  // namespace

ServiceManager::ServiceManager()
    : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)), end_(::eventfd(0, EFD_CLOEXEC)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket_.get(), generic, sizeof address.sun_family), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(socket_.get(), generic, &size), 0);
    const std::size_t head = offsetof(sockaddr_un, sun_path) + 1;
    name_ = '@' + std::string(static_cast<const char*>(address.sun_path) + 1, size - head);
    thread_ = std::thread([this] { listen(); });
}

ServiceManager::~ServiceManager() {
    ::eventfd_write(end_.get(), 1);
    thread_.join();
}

void ServiceManager::open(std::string name, base::Descriptor socket) {
    opened_.push_back({std::move(name), std::move(socket)});
}

DaemonSetup ServiceManager::starting(DaemonSetup setup) const {
    const std::lock_guard lock(mutex_);
    std::string names;
    const auto pass = [&](const Kept& each) {
        setup.passed.push_back(each.socket.get());
        names += (names.empty() ? "" : ":") + each.name;
    };
    for (const Kept& each : opened_) pass(each);
    for (const Kept& each : kept_) pass(each);
    setup.wrapper = {"env", "NOTIFY_SOCKET=" + name_};
    if (!setup.passed.empty()) {
        const auto& more = {"LISTEN_FDS=" + std::to_string(setup.passed.size()),
                            "LISTEN_FDNAMES=" + names,
                            std::string("sh"),
                            std::string("-c"),
                            std::string("export LISTEN_PID=$$; exec \"$@\""),
                            std::string("sh")};
        setup.wrapper.insert(setup.wrapper.end(), more);
    }
    return setup;
}

std::vector<std::string> ServiceManager::kept() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const Kept& each : kept_) names.push_back(each.name);
    std::sort(names.begin(), names.end());
    return names;
}

bool ServiceManager::wait_for_kept(std::size_t count) const {
    std::unique_lock lock(mutex_);
    const bool came = changed_.wait_for(lock, patience, [&] { return kept_.size() == count; });
    EXPECT_TRUE(came) << "there are " << kept_.size() << ", not " << count;
    return came;
}

std::string ServiceManager::wait_for(std::string_view what) {
    std::unique_lock lock(mutex_);
    std::string found;
    const bool came = changed_.wait_for(lock, patience, [&] {
        const auto at = std::find_if(heard_.begin(), heard_.end(), [&](const std::string& each) {
            return each.starts_with(what);
        });
        if (at == heard_.end()) return false;
        found = *at;
        heard_.erase(heard_.begin(), at + 1);
        return true;
    });
    EXPECT_TRUE(came) << "nobody says " << what;
    return found;
}

std::vector<std::string> ServiceManager::heard() const {
    const std::lock_guard lock(mutex_);
    return heard_;
}

void ServiceManager::forget() {
    const std::lock_guard lock(mutex_);
    kept_.clear();
}

base::Descriptor ServiceManager::copy_of(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    for (const Kept& each : kept_) {
        if (each.name == name) {
            return base::Descriptor(::fcntl(each.socket.get(), F_DUPFD_CLOEXEC, 3));
        }
    }
    return {};
}

void ServiceManager::listen() {
    while (true) {
        std::array<pollfd, 2> waiting{pollfd{socket_.get(), POLLIN, 0},
                                      pollfd{end_.get(), POLLIN, 0}};
        if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return;
        if (waiting[1].revents != 0) return;
        if (waiting[0].revents == 0) continue;
        std::array<char, 4096> text{};
        iovec part{text.data(), text.size()};
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
        msghdr header{};
        header.msg_iov = &part;
        header.msg_iovlen = 1;
        header.msg_control = control.data();
        header.msg_controllen = control.size();
        const ssize_t size = ::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC);
        if (size < 0) continue;
        int fd = -1;
        const cmsghdr* const sent = CMSG_FIRSTHDR(&header);
        if (sent != nullptr && sent->cmsg_type == SCM_RIGHTS) {
            std::memcpy(&fd, CMSG_DATA(sent), sizeof fd);
        }
        hear(std::string(text.data(), static_cast<std::size_t>(size)), base::Descriptor(fd));
    }
}

void ServiceManager::hear(const std::string& message, base::Descriptor passed) {
    const std::lock_guard lock(mutex_);
    const std::string name = value_of(message, "FDNAME");
    if (value_of(message, "FDSTOREREMOVE") == "1") {
        std::erase_if(kept_, [&](const Kept& each) { return each.name == name; });
    } else if (value_of(message, "FDSTORE") == "1" && passed) {
        const ino_t inode = inode_of(passed);
        const bool there = std::any_of(kept_.begin(), kept_.end(), [&](const Kept& each) {
            return inode_of(each.socket) == inode;
        });
        const bool allowed =
            name.size() <= 255 && name.find(':') == std::string::npos &&
            std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c < 0x7f; });
        EXPECT_TRUE(allowed) << name;
        if (!there) kept_.push_back({name, std::move(passed)});
    }
    heard_.push_back(message);
    changed_.notify_all();
}

}  // namespace protohost::harness
