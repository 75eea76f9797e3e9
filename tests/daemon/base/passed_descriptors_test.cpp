// SPDX-License-Identifier: MIT
#include "daemon/base/passed_descriptors.hpp"

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace protohost::base {
namespace {

struct Environment {
    const char* descriptors;
    const char* names = nullptr;
    bool for_another = false;
};

void set(const char* name, const char* value) {
    value == nullptr ? ::unsetenv(name) : ::setenv(name, value, 1);
}

/// What `found` makes of the descriptors 3 and 4, which are open, in a process of its own: their
/// numbers would be somebody else's here.
int in_a_process(const Environment& environment,
                 const std::function<bool(Result<std::vector<PassedDescriptor>>&)>& found) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        const int null = ::open("/dev/null", O_RDONLY);
        for (int fd = 3; fd <= 4; ++fd) {
            if (null != fd) ::dup2(null, fd);
            ::fcntl(fd, F_SETFD, 0);
        }
        const std::string pid_text =
            std::to_string(environment.for_another ? ::getppid() : ::getpid());
        set("LISTEN_FDS", environment.descriptors);
        set("LISTEN_FDNAMES", environment.names);
        set("LISTEN_PID", pid_text.c_str());
        auto passed = take_passed_descriptors();
        const bool left = std::getenv("LISTEN_FDS") != nullptr ||
                          std::getenv("LISTEN_PID") != nullptr ||
                          std::getenv("LISTEN_FDNAMES") != nullptr;
        ::_exit(left ? 2 : found(passed) ? 0 : 1);
    }
    int status = -1;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(PassedDescriptors, HaveTheirNamesAndAreClosedOnExec) {
    EXPECT_EQ(in_a_process({.descriptors = "2", .names = "web:dns.socket"},
                           [](auto& passed) {
                               const auto closes = [](const PassedDescriptor& each) {
                                   return (::fcntl(each.descriptor.get(), F_GETFD) & FD_CLOEXEC) !=
                                          0;
                               };
                               return passed && passed->size() == 2 && (*passed)[0].name == "web" &&
                                      (*passed)[0].descriptor.get() == 3 &&
                                      (*passed)[1].name == "dns.socket" &&
                                      (*passed)[1].descriptor.get() == 4 && closes((*passed)[0]) &&
                                      closes((*passed)[1]);
                           }),
              0);
}

TEST(PassedDescriptors, WithoutNamesAreUnknown) {
    EXPECT_EQ(in_a_process({.descriptors = "1"},
                           [](auto& passed) {
                               return passed && passed->size() == 1 &&
                                      passed->front().name == "unknown";
                           }),
              0);
}

TEST(PassedDescriptors, OfAnotherProcessAreLeftAlone) {
    EXPECT_EQ(in_a_process({.descriptors = "2", .names = "a:b", .for_another = true},
                           [](auto& passed) {
                               return passed && passed->empty() && ::fcntl(3, F_GETFD) == 0;
                           }),
              0);
}

TEST(PassedDescriptors, ThereAreNone) {
    EXPECT_EQ(in_a_process({.descriptors = nullptr},
                           [](auto& passed) { return passed && passed->empty(); }),
              0);
}

TEST(PassedDescriptors, ThatDoNotFitWhatIsSaidOfThemAreRefused) {
    for (const Environment& environment : {Environment{.descriptors = "2", .names = "one"},
                                           Environment{.descriptors = "many"},
                                           Environment{.descriptors = "900000"}}) {
        EXPECT_EQ(in_a_process(environment,
                               [](auto& passed) {
                                   return !passed && passed.error().front().where == "LISTEN_FDS";
                               }),
                  0)
            << environment.descriptors;
    }
}

}  // namespace
}  // namespace protohost::base
