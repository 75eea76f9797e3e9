// SPDX-License-Identifier: MIT
#include "daemon/base/log.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "daemon/base/journal_socket.hpp"
#include "daemon/base/log_events.hpp"
#include "daemon/base/log_output.hpp"
#include "daemon/base/log_setup.hpp"

namespace protohost::base {
namespace {

/// Every area there is, with what they write to.
class Areas {
public:
    LogOutput& output() { return output_; }

    const Log::Area* find_or_add(std::string name) {
        const std::lock_guard lock(mutex_);
        auto& area = areas_[name];
        if (!area) {
            const Level level = level_of(name);
            area = std::make_unique<Log::Area>(std::move(name), level);
        }
        return area.get();
    }

    void configure(const LogSettings& settings, std::unique_ptr<LogFile> file) {
        const std::lock_guard lock(mutex_);
        settings_ = settings;
        output_.configure(settings, std::move(file));
        for (const auto& [name, area] : areas_) area->level.store(level_of(name));
    }

    void set_override(const std::string& name, std::optional<Level> level) {
        const std::lock_guard lock(mutex_);
        overrides_.erase(name);
        if (level) overrides_.emplace(name, *level);
        for (const auto& [each, area] : areas_) area->level.store(level_of(each));
    }

    std::vector<std::string> names() {
        const std::lock_guard lock(mutex_);
        std::set<std::string> all;
        for (const auto& [each, area] : areas_) {
            for (auto end = each.find('.'); end != std::string::npos;
                 end = each.find('.', end + 1)) {
                all.insert(each.substr(0, end));
            }
            all.insert(each);
        }
        return {all.begin(), all.end()};
    }

private:
    /// The level given for the name or, failing that, for what is before its last dot, and so on.
    Level level_of(std::string_view name) const {
        while (true) {
            const auto overridden = overrides_.find(std::string(name));
            if (overridden != overrides_.end()) return overridden->second;
            const auto found = settings_.areas.find(std::string(name));
            if (found != settings_.areas.end()) return found->second;
            const std::size_t dot = name.rfind('.');
            if (dot == std::string_view::npos) return settings_.level;
            name = name.substr(0, dot);
        }
    }

    std::mutex mutex_;
    LogSettings settings_;
    std::map<std::string, Level> overrides_;
    std::map<std::string, std::unique_ptr<Log::Area>, std::less<>> areas_;
    LogOutput output_;
};

LogLine line_of(Level level,
                std::string_view area,
                std::string_view message,
                const LogFields& about) {
    return {std::chrono::system_clock::now(), level, area, message, about};
}

/// The one object of the process that is not handed down: every floor logs. Never destroyed, so
/// that what runs at exit may still log.
Areas& areas() {
    static Areas* const all = new Areas;
    return *all;
}

}  // namespace

Log::Log(std::string area) : area_(areas().find_or_add(std::move(area))) {}

void Log::write(Level level, const LogFields& about, std::string_view message) const {
    if (!enabled(level)) return;
    areas().output().write(line_of(level, area_->name, message, about));
}

void configure_logging(const LogSettings& settings) {
    areas().configure(settings, nullptr);
}

void configure_logging(const LogSettings& settings, std::unique_ptr<LogFile> file) {
    areas().configure(settings, std::move(file));
}

void look_for_journal() {
    areas().output().set_under_journal(take_journal_stream());
}

void reopen_log_file() {
    for (const Error& error : areas().output().reopen()) {
        const std::string text = to_string(error) + "; the log goes on in the file that was open";
        areas().output().write_to_standard_error(line_of(Level::error, "log", text, {}));
    }
}

void print_errors(const Errors& errors) {
    for (const Error& error : errors) {
        LogFields about = place_of(error);
        about.id = events::cannot_start;
        areas().output().print(line_of(Level::error, "supervisor", to_string(error), about));
    }
}

std::vector<std::string> log_areas() {
    return areas().names();
}

void override_level(const std::string& area, std::optional<Level> level) {
    areas().set_override(area, level);
}

std::optional<Level> parse_level(std::string_view name) {
    for (int i = 0; i <= static_cast<int>(Level::off); ++i) {
        if (to_string(static_cast<Level>(i)) == name) return static_cast<Level>(i);
    }
    return std::nullopt;
}

std::string_view to_string(Level level) {
    switch (level) {
        case Level::trace:
            return "trace";
        case Level::debug:
            return "debug";
        case Level::info:
            return "info";
        case Level::warn:
            return "warn";
        case Level::error:
            return "error";
        case Level::off:
            return "off";
    }
    return "unknown";
}

}  // namespace protohost::base
