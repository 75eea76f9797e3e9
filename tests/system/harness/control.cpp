// SPDX-License-Identifier: MIT
#include "tests/system/harness/control.hpp"

#include <chrono>
#include <cstdlib>

#include <gtest/gtest.h>

#include "daemon/control/client.hpp"
#include "tests/system/harness/scale.hpp"

namespace protohost::harness {

using base::Json;
using control::Client;

std::string control_program() {
    return PROTOHOST_BUILD_DIR "/bin/protohostctl";
}

Finished Control::run(const std::vector<std::string>& arguments) const {
    std::vector<std::string> command{control_program(), "--socket", socket_};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return harness::run(command);
}

Json Control::ask(const std::string& verb, const Json& arguments) const {
    Client client(socket_, patience);
    Json result;
    const auto failure = client.ask(verb, arguments, result);
    EXPECT_EQ(failure, Client::Failure::none) << verb << ": " << client.error().dump();
    return result;
}

Json Control::refused(const std::string& verb, const Json& arguments) const {
    Client client(socket_, patience);
    Json result;
    const auto failure = client.ask(verb, arguments, result);
    EXPECT_EQ(failure, Client::Failure::refused) << verb << ": " << result.dump();
    return client.error();
}

std::vector<std::uint16_t> Control::ports(const std::string& unit) const {
    std::vector<std::uint16_t> found;
    const Json shown = show(unit);
    for (const Json& address : shown["addresses"]) {
        const auto text = address.get<std::string>();
        found.push_back(static_cast<std::uint16_t>(
            std::strtoul(text.c_str() + text.rfind(':') + 1, nullptr, 10)));
    }
    return found;
}

std::uint16_t Control::port(const std::string& unit) const {
    const auto found = ports(unit);
    EXPECT_EQ(found.size(), 1U) << unit;
    return found.empty() ? std::uint16_t{0} : found.front();
}

std::uint64_t Control::reloads(const std::string& verdict) const {
    return status()["reloads"][verdict].get<std::uint64_t>();
}

}  // namespace protohost::harness
