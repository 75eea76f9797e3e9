// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/error.hpp"
#include "daemon/model/address.hpp"
#include "daemon/unit/context.hpp"

#include <protohost/abi.h>

namespace protohost::unit {

/// The author's functions of a ph_open. `drop` is called when this is destroyed: exactly once, and
/// after everything else.
class OpenCallbacks {
public:
    OpenCallbacks(ph_ctx& context, const ph_open& open)
        : context_(&context), make_(open.make), drop_(open.drop), arg_(open.arg) {}
    OpenCallbacks(OpenCallbacks&& other) noexcept;
    OpenCallbacks& operator=(OpenCallbacks&&) = delete;
    ~OpenCallbacks();

    /// The protocol of one transport, of `kind`. Below zero: `out` is empty and failure_text() says
    /// why.
    ph_status make(std::uint32_t kind, ph_proto& out) const;

    /// Calls one of the author's completions; what it throws is logged.
    template <class F>
    void complete(F&& call) const {
        context_->guard("a completion", [&] { call(arg_); });
    }

    ph_ctx& context() const { return *context_; }

private:
    ph_ctx* context_;
    ph_status (*make_)(void* arg, ph_proto* out);
    void (*drop_)(void* arg);
    void* arg_;
};

/// What is to be opened: a ph_open, read and checked.
struct OpenRequest {
    /// Takes over arg and descriptor.
    OpenRequest(ph_ctx& context, const ph_open& open);
    /// Of what has neither address nor descriptor: what `open` says of them means nothing.
    static OpenRequest without_place(ph_ctx& context, const ph_open& open);

    std::optional<model::Address> address;
    std::optional<model::Address> local;
    base::Descriptor descriptor;
    std::chrono::nanoseconds timeout;
    bool tls = false;         ///< of streams
    std::string server_name;  ///< of a TLS client: whom it wants to reach; empty: nobody has said
    OpenCallbacks callbacks;
    /// What is wrong with the arguments, or empty.
    std::string problem;
};

/// Of a ph_open and the like; no longer than a clock can count.
std::chrono::nanoseconds as_duration(std::uint64_t nanoseconds);

/// Why something could not be opened, as `done` is told.
struct OpenError {
    ph_status status = PH_E_FAIL;
    int os_errno = 0;
    std::string text;

    /// The first of them: what the kernel refused, or else what is wrong with what was asked for.
    static OpenError of(const base::Errors& errors);

    ph_error to_abi() const {
        return {sizeof(ph_error), status, os_errno, 0, {text.data(), text.size()}};
    }
};

}  // namespace protohost::unit
