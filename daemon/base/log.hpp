// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/format.hpp"

namespace protohost::base {

enum class Level { trace, debug, info, warn, error, off };
enum class LogFormat {
    automatic,  ///< `journal` where standard error is the journal's, else `text`
    text,
    json,
    journal  ///< the journal's own protocol, with fields
};

/// What `log:` in the configuration says. A level for "plugin" also holds for "plugin.echo".
struct LogSettings {
    Level level = Level::info;
    LogFormat format = LogFormat::automatic;
    std::map<std::string, Level> areas;
    std::string file{};  ///< absolute; empty: standard error

    bool operator==(const LogSettings&) const = default;
};

/// What a line is about, for those who search: fields of the journal (PROTOHOST_UNIT=web) and keys
/// of JSON ("unit":"web"). What is empty is left out; text has the message alone.
struct LogFields {
    std::string_view id{};  ///< MESSAGE_ID of the kind of event, one of base/log_events.hpp
    std::string_view unit{};
    std::string_view plugin{};
    std::uint64_t generation = 0;
    std::string_view connection{};
    std::string_view config_file{};
    unsigned config_line = 0;
};

/// A logger for one area ("config", "plugin.echo"). Cheap to copy, [any] thread. Floors below the
/// units return their errors instead; who decides what happens next logs them, once.
class Log {
public:
    explicit Log(std::string area);

    /// One relaxed load: cheap enough for every packet.
    bool enabled(Level level) const {
        return level != Level::off && level >= area_->level.load(std::memory_order_relaxed);
    }

    std::string_view area() const { return area_->name; }

    /// The message as it is, without a format. Characters that could break or forge a line are
    /// escaped, so text from a peer may be logged.
    void write(Level level, std::string_view message) const { write(level, {}, message); }
    void write(Level level, const LogFields& about, std::string_view message) const;

    template <class... Args>
    void log(Level level, format_string<Args...> text, Args&&... args) const {
        if (enabled(level)) write(level, format(text, std::forward<Args>(args)...));
    }
    template <class... Args>
    void debug(format_string<Args...> text, Args&&... args) const {
        log(Level::debug, text, std::forward<Args>(args)...);
    }
    template <class... Args>
    void info(format_string<Args...> text, Args&&... args) const {
        log(Level::info, text, std::forward<Args>(args)...);
    }
    template <class... Args>
    void warn(format_string<Args...> text, Args&&... args) const {
        log(Level::warn, text, std::forward<Args>(args)...);
    }
    template <class... Args>
    void error(format_string<Args...> text, Args&&... args) const {
        log(Level::error, text, std::forward<Args>(args)...);
    }

    template <class... Args>
    void log(Level level,
             const LogFields& about,
             format_string<Args...> text,
             Args&&... args) const {
        if (enabled(level)) write(level, about, format(text, std::forward<Args>(args)...));
    }
    template <class... Args>
    void debug(const LogFields& about, format_string<Args...> text, Args&&... args) const {
        log(Level::debug, about, text, std::forward<Args>(args)...);
    }
    template <class... Args>
    void info(const LogFields& about, format_string<Args...> text, Args&&... args) const {
        log(Level::info, about, text, std::forward<Args>(args)...);
    }
    template <class... Args>
    void warn(const LogFields& about, format_string<Args...> text, Args&&... args) const {
        log(Level::warn, about, text, std::forward<Args>(args)...);
    }
    template <class... Args>
    void error(const LogFields& about, format_string<Args...> text, Args&&... args) const {
        log(Level::error, about, text, std::forward<Args>(args)...);
    }

    /// What all loggers of one area share. Lives as long as the process.
    struct Area {
        Area(std::string its_name, Level first) : name(std::move(its_name)), level(first) {}

        std::string name;
        std::atomic<Level> level;
    };

private:
    const Area* area_;
};

/// Applies to every Log there is or will be, [any] thread, any number of times; `info` until the
/// first call. A file is kept open where it has the same name, and opened by base/log_setup.hpp.
/// On standard error there is one line per message; coloured on a terminal, unless NO_COLOR is set.
void configure_logging(const LogSettings& settings);

/// The level of an area, and of those below it that have none of their own, whatever the settings
/// say; nullopt: as they say. [any] thread.
void override_level(const std::string& area, std::optional<Level> level);

/// The areas that loggers were made for until now, and those above them: "plugin", "plugin.echo".
/// Sorted, [any] thread.
std::vector<std::string> log_areas();

std::string_view to_string(Level level);

/// "debug"; nullopt: no level has that name.
std::optional<Level> parse_level(std::string_view name);

}  // namespace protohost::base
