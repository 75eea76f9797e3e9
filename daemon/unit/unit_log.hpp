// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/base/log.hpp"

namespace protohost::unit {

/// "web" of "listener web".
std::string_view name_in(std::string_view title);

/// The lines of one unit: each begins with its title, and has its name as a field, with whatever
/// else is known of the line. Those of a plugin's own code have the plugin's fields, too. [any]
class UnitLog {
public:
    /// `title` is "listener web"; empty for what belongs to no unit.
    explicit UnitLog(std::string title, std::string area = "unit")
        : UnitLog(std::move(title), std::move(area), {}, 0) {}
    UnitLog(std::string title, std::string area, std::string plugin, unsigned generation);

    const std::string& title() const { return title_; }
    std::string_view area() const { return log_.area(); }
    bool enabled(base::Level level) const { return log_.enabled(level); }

    /// "listener web: ", or nothing.
    std::string prefix() const { return title_.empty() ? title_ : title_ + ": "; }

    /// As base::Log's.
    void write(base::Level level, std::string_view message) const { write(level, {}, message); }
    void write(base::Level level, base::LogFields about, std::string_view message) const;

    template <class... Args>
    void log(base::Level level,
             const base::LogFields& about,
             base::format_string<Args...> text,
             Args&&... args) const {
        if (enabled(level)) write(level, about, base::format(text, std::forward<Args>(args)...));
    }
    template <class... Args>
    void debug(const base::LogFields& about,
               base::format_string<Args...> text,
               Args&&... args) const {
        log(base::Level::debug, about, text, std::forward<Args>(args)...);
    }
    template <class... Args>
    void info(const base::LogFields& about,
              base::format_string<Args...> text,
              Args&&... args) const {
        log(base::Level::info, about, text, std::forward<Args>(args)...);
    }
    template <class... Args>
    void warn(const base::LogFields& about,
              base::format_string<Args...> text,
              Args&&... args) const {
        log(base::Level::warn, about, text, std::forward<Args>(args)...);
    }
    template <class... Args>
    void error(const base::LogFields& about,
               base::format_string<Args...> text,
               Args&&... args) const {
        log(base::Level::error, about, text, std::forward<Args>(args)...);
    }

private:
    std::string title_;
    std::string plugin_;
    unsigned generation_;
    base::Log log_;
};

}  // namespace protohost::unit
