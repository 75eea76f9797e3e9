// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include <protohost/detail/context.hpp>

namespace protohost {

/// The daemon's log, in an area of the plugin's own: `plugin.NAME`. Lines carry the plugin's name;
/// level, format and destination are the operator's. [any] thread; the text is copied.
///
/// A plugin logs only here: a logging library of its own would keep process-wide state that a
/// second generation of the plugin must not share. One that was made from nothing says nothing.
class Log {
public:
    Log() = default;
    explicit Log(detail::Context context) : context_(context) {}

    /// Cheap; ask before composing an expensive text. `level` is one of PH_LOG_TRACE,
    /// PH_LOG_DEBUG, PH_LOG_INFO, PH_LOG_WARN, PH_LOG_ERROR.
    bool enabled(int level) const {
        return context_.host != nullptr && context_.host->log_enabled(context_.ctx, level) != 0;
    }

    void trace(std::string_view text) const { write(PH_LOG_TRACE, text); }
    void debug(std::string_view text) const { write(PH_LOG_DEBUG, text); }
    void info(std::string_view text) const { write(PH_LOG_INFO, text); }
    void warn(std::string_view text) const { write(PH_LOG_WARN, text); }
    void error(std::string_view text) const { write(PH_LOG_ERROR, text); }

private:
    void write(int level, std::string_view text) const {
        if (enabled(level)) context_.host->log(context_.ctx, level, detail::to_abi(text));
    }

    detail::Context context_;
};

}  // namespace protohost
