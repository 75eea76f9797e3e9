// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/json.hpp"

namespace protohost::control {

/// The other end of the control socket: blocks, and is made for a command line.
class Client {
public:
    /// How an exchange failed; what a command exits with.
    enum class Failure {
        none,
        unreachable,  ///< nobody listens there, or we may not connect
        timeout,
        broken,  ///< the daemon went away, or what it says is no answer
        refused  ///< the answer is an error: error()
    };

    /// Of no connection yet. `patience` is for each answer; 0: for ever.
    Client(std::string path, std::chrono::milliseconds patience)
        : path_(std::move(path)), patience_(patience) {}

    /// Asks, and waits for the answer. Connects when need be, and again after a failure.
    Failure ask(const std::string& verb, const base::Json& arguments, base::Json& result);

    /// After refused: the `error` of the answer. After the others: {"message": ...}.
    const base::Json& error() const { return error_; }

private:
    Failure connect();
    Failure send(const std::string& line);
    Failure receive(std::string& line);
    Failure fail(Failure failure, const std::string& message);

    std::string path_;
    std::chrono::milliseconds patience_;
    base::Descriptor socket_;
    std::string input_;
    base::Json error_;
};

}  // namespace protohost::control
