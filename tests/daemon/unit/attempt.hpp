// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/daemon/unit/rig.hpp"

#include <protohost/abi.h>
#include <protohost/process.hpp>

namespace protohost::unit::testing {

/// One call of a service that opens something, through the border, and what came of it. Sees to it
/// that nothing is told from inside a call, or twice, or after the end.
class Attempt {
public:
    /// `kind` is that of the protocols it makes, which tell the puppet's story.
    explicit Attempt(Puppet& puppet, std::uint32_t kind = PH_STREAM);
    ~Attempt();
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;

    // What is asked for. `descriptor` is taken over where it was not refused.
    std::string address;
    std::string local;
    int descriptor = -1;
    std::uint64_t timeout = 0;
    // Of a process.
    std::vector<std::string> arguments;
    SubprocessOptions options;
    /// Called in the factory and in `done`: may throw.
    std::function<void()> in_make;
    std::function<void()> in_done;

    using Open = ph_op (*)(ph_ctx*, const ph_open*, ph_opened);
    using Run = ph_op (*)(ph_ctx*, const ph_open*, const ph_process*, ph_opened);
    using Serve = ph_op (*)(ph_ctx*, const ph_open*, ph_serving);
    /// Through that entry of the table.
    void open(Open ph_loop_api::*service);
    void run(Run ph_loop_api::*service);
    void serve(Serve ph_loop_api::*service);
    ph_status cancel();

    // What came of it.
    ph_op op = 0;
    unsigned made = 0;
    unsigned done = 0;
    unsigned dropped = 0;
    /// Told by `done`.
    ph_status status = PH_OK;
    int os_errno = 0;
    std::string text;
    ph_transport* transport = nullptr;
    ph_server* server = nullptr;

    bool succeeded() const { return done == 1 && text.empty() && status == PH_OK; }

private:
    ph_open request();
    ph_status make(ph_proto& out);
    void told(const ph_error* why);
    void drop();

    Puppet& puppet_;
    std::uint32_t kind_;
    bool inside_ = false;
};

}  // namespace protohost::unit::testing
