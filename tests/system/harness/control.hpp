// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/base/json.hpp"
#include "tests/system/harness/child.hpp"
#include "tests/system/harness/daemon.hpp"

namespace protohost::harness {

/// Of the build tree that the tests belong to.
std::string control_program();

/// What a test says to a daemon over its control socket, and what it finds out that way.
class Control {
public:
    explicit Control(std::string socket) : socket_(std::move(socket)) {}
    explicit Control(const Daemon& daemon) : Control(daemon.control_socket()) {}

    /// protohostctl with these arguments.
    Finished run(const std::vector<std::string>& arguments) const;

    /// The result of a verb, without a program between. Fails the test where that is an error.
    base::Json ask(const std::string& verb,
                   const base::Json& arguments = base::Json::object()) const;
    /// The error of a verb that must be refused.
    base::Json refused(const std::string& verb,
                       const base::Json& arguments = base::Json::object()) const;

    /// The record of a reload that must not be rejected.
    base::Json reload() const { return ask("reload"); }
    base::Json status() const { return ask("status"); }
    base::Json show(const std::string& unit) const { return ask("show", {{"unit", unit}}); }
    /// The ports that a unit has on 127.0.0.1 now.
    std::vector<std::uint16_t> ports(const std::string& unit) const;
    std::uint16_t port(const std::string& unit) const;

    /// How many reloads ended in each way: {"applied", "unchanged", "rejected"}.
    std::uint64_t reloads(const std::string& verdict) const;

private:
    std::string socket_;
};

}  // namespace protohost::harness
