// SPDX-License-Identifier: MIT
#include "daemon/unit/host.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "daemon/base/failure.hpp"
#include "daemon/base/version.hpp"
#include "daemon/plugin/config_api.hpp"
#include "daemon/unit/checked_transport_api.hpp"
#include "daemon/unit/context.hpp"
#include "daemon/unit/loop_api.hpp"
#include "daemon/unit/tls_api.hpp"
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

}  // namespace

Host::Host(bool checked)
    : transport_(checked ? checked_transport_api() : transport_api()), loop_(loop_api()), host_{} {
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
        ctx->log.write(level_of(level), {message.p, message.n});
    };
    host_.fail = [](ph_ctx*, ph_status code, ph_str message) {
        base::set_failure({message.p, message.n});
        return code;
    };
    host_.on_loop = [](ph_ctx* ctx) { return ctx->loop.on_loop_thread() ? 1 : 0; };
    host_.extension = [](ph_ctx*, const char* id) -> const void* {
        return std::string_view(id) == PH_TLS_1 ? &tls_api() : nullptr;
    };
}

}  // namespace protohost::unit
