// SPDX-License-Identifier: MIT
#include "daemon/supervisor/installation.hpp"

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

namespace protohost::supervisor {
namespace {

/// Sets a variable for as long as it lives.
class Variable {
public:
    Variable(const char* name, const char* value) : name_(name) {
        if (const char* before = std::getenv(name)) before_ = before;
        ::setenv(name, value, 1);
    }
    ~Variable() {
        if (before_.empty()) {
            ::unsetenv(name_);
        } else {
            ::setenv(name_, before_.c_str(), 1);
        }
    }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

private:
    const char* name_;
    std::string before_;
};

TEST(Installation, HasTheFoldersThatAServiceManagerHasMade) {
    const Variable state("STATE_DIRECTORY", "/var/lib/another:/var/lib/more");
    const Variable runtime("RUNTIME_DIRECTORY", "/run/another");
    const Installation found = find_installation();
    EXPECT_EQ(found.state_directory, "/var/lib/another");
    EXPECT_EQ(found.control_socket, "/run/another/control.sock");
}

TEST(Installation, IgnoresFoldersThatAreNotAbsolute) {
    const Installation without = find_installation();
    const Variable state("STATE_DIRECTORY", "state");
    const Variable runtime("RUNTIME_DIRECTORY", ":/run/another");
    const Installation found = find_installation();
    EXPECT_EQ(found.state_directory, without.state_directory);
    EXPECT_EQ(found.control_socket, without.control_socket);
}

}  // namespace
}  // namespace protohost::supervisor
