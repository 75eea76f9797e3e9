// SPDX-License-Identifier: MIT
#include "daemon/unit/host.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "daemon/base/failure.hpp"
#include "daemon/base/version.hpp"
#include "daemon/plugin/config_api.hpp"
#include "daemon/unit/generation.hpp"
#include "daemon/unit/transport_api.hpp"

namespace protohost::unit {

namespace {

constexpr ph_str text(std::string_view view) {
    return {view.data(), view.size()};
}

base::Level level_of(std::int32_t level) {
    constexpr std::array levels{base::Level::trace,
                                base::Level::debug,
                                base::Level::info,
                                base::Level::warn,
                                base::Level::error};
    return levels[static_cast<std::size_t>(std::clamp(level, PH_LOG_TRACE + 0, PH_LOG_ERROR + 0))];
}

ph_loop_api loop_api() {
    ph_loop_api api{};
    api.size = sizeof api;
    api.time = [](ph_ctx*) {
        const auto now = std::chrono::steady_clock::now().time_since_epoch();
        return static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
    };
    api.call_soon = [](ph_ctx* ctx, ph_fn fn, ph_fn drop, void* arg) {
        return ctx->calls.call_soon({fn, drop, arg});
    };
    api.call_at = [](ph_ctx* ctx, std::uint64_t when, ph_fn fn, ph_fn drop, void* arg) {
        return ctx->calls.call_at(when, {fn, drop, arg});
    };
    api.cancel = [](ph_ctx* ctx, ph_op op) { return ctx->calls.cancel(op); };
    api.call_soon_threadsafe = [](ph_ctx* ctx, ph_fn fn, ph_fn drop, void* arg) {
        return ctx->calls.post({fn, drop, arg});
    };
    return api;
}

}  // namespace

Host::Host() : transport_(transport_api()), loop_(loop_api()), host_{} {
    host_.size = sizeof host_;
    host_.abi_major = PH_ABI_MAJOR;
    host_.abi_minor = PH_ABI_MINOR;
    host_.product = text("protohostd");
    host_.version = text(base::version);
    host_.transport = &transport_;
    host_.loop = &loop_;
    host_.config = &plugin::config_api();
    host_.log_enabled = [](ph_ctx* ctx, std::int32_t level) {
        return ctx->log.enabled(level_of(level)) ? 1 : 0;
    };
    host_.log = [](ph_ctx* ctx, std::int32_t level, ph_str message) {
        const base::Level as = level_of(level);
        if (ctx->log.enabled(as)) ctx->log.write(as, {message.p, message.n});
    };
    host_.fail = [](ph_ctx*, ph_status code, ph_str message) {
        base::set_failure({message.p, message.n});
        return code;
    };
    host_.on_loop = [](ph_ctx* ctx) { return ctx->loop.on_loop_thread() ? 1 : 0; };
    host_.extension = [](ph_ctx*, const char*) -> const void* { return nullptr; };
}

}  // namespace protohost::unit
