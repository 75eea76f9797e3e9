// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <string_view>
#include <utility>

#include <protohost/abi.h>

namespace protohost::detail {

constexpr ph_str to_abi(std::string_view text) {
    return {text.data(), text.size()};
}
constexpr std::string_view from_abi(ph_str text) {
    return {text.p, text.n};
}

/// The daemon's tables, and who is calling: what every host call needs.
struct Context {
    const ph_host* host = nullptr;
    ph_ctx* ctx = nullptr;

    ph_status fail(ph_status code, std::string_view text) const noexcept {
        return host->fail(ctx, code, to_abi(text));
    }
    void log_error(std::string_view text) const noexcept {
        host->log(ctx, PH_LOG_ERROR, to_abi(text));
    }
};

/// Nothing unwinds across the border: whatever `call` throws becomes a status and a text.
template <class F>
ph_status guarded(const Context& context, F&& call) noexcept {
    try {
        return std::forward<F>(call)();
    } catch (const std::exception& exception) {
        return context.fail(PH_E_EXCEPTION, exception.what());
    } catch (...) {
        return context.fail(PH_E_EXCEPTION, "threw something that is no std::exception");
    }
}

}  // namespace protohost::detail
