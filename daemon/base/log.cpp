// SPDX-License-Identifier: MIT
#include "daemon/base/log.hpp"

#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include <nlohmann/json.hpp>
#include <spdlog/details/log_msg.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include "daemon/base/timestamp.hpp"
#include "daemon/base/utf8.hpp"

namespace protohost::base {
namespace {

spdlog::level::level_enum to_spdlog(Level level) {
    return static_cast<spdlog::level::level_enum>(static_cast<int>(level) +
                                                  (level == Level::off ? 1 : 0));
}

std::string_view name_of(spdlog::level::level_enum level) {
    if (level >= spdlog::level::off) return to_string(Level::off);
    return to_string(level >= spdlog::level::err ? Level::error : static_cast<Level>(level));
}

std::string_view view(spdlog::string_view_t text) {
    return {text.data(), text.size()};
}

class TextFormatter final : public spdlog::formatter {
public:
    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
        append(out, timestamp(message.time));
        append(out, " ");
        message.color_range_start = out.size();
        append(out, base::format("{:<5}", name_of(message.level)));
        message.color_range_end = out.size();
        append(out, " ");
        append(out, printable(view(message.logger_name)));
        append(out, ": ");
        append(out, printable(view(message.payload)));
        append(out, "\n");
    }
    std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<TextFormatter>();
    }

private:
    static void append(spdlog::memory_buf_t& out, std::string_view text) {
        out.append(text.data(), text.data() + text.size());
    }
};

class JsonFormatter final : public spdlog::formatter {
public:
    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
        nlohmann::ordered_json line;
        line["time"] = timestamp(message.time);
        line["level"] = name_of(message.level);
        line["area"] = view(message.logger_name);
        line["message"] = view(message.payload);
        using nlohmann::ordered_json;
        const std::string text =
            line.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + '\n';
        out.append(text.data(), text.data() + text.size());
    }
    std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<JsonFormatter>();
    }
};

std::unique_ptr<spdlog::formatter> make_formatter(LogFormat log_format) {
    if (log_format == LogFormat::json) return std::make_unique<JsonFormatter>();
    return std::make_unique<TextFormatter>();
}

spdlog::color_mode colours() {
    const char* refused = std::getenv("NO_COLOR");
    const bool plain = refused != nullptr && *refused != '\0';
    return plain ? spdlog::color_mode::never : spdlog::color_mode::automatic;
}

/// Every area there is, with the one sink they write to.
class Areas {
public:
    Areas() : sink_(colours()) { sink_.set_formatter(make_formatter(settings_.format)); }

    const Log::Area* find_or_add(std::string name) {
        const std::lock_guard lock(mutex_);
        auto& area = areas_[name];
        if (!area) {
            const Level level = level_of(name);
            area = std::make_unique<Log::Area>(std::move(name), level);
        }
        return area.get();
    }

    void configure(const LogSettings& settings) {
        const std::lock_guard lock(mutex_);
        settings_ = settings;
        sink_.set_formatter(make_formatter(settings.format));
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

    void write(const Log::Area& area, Level level, std::string_view message) {
        sink_.log(
            spdlog::details::log_msg(spdlog::string_view_t(area.name.data(), area.name.size()),
                                     to_spdlog(level),
                                     spdlog::string_view_t(message.data(), message.size())));
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
    spdlog::sinks::stderr_color_sink_mt sink_;
};

/// The one object of the process that is not handed down: every floor logs. Never destroyed, so
/// that what runs at exit may still log.
Areas& areas() {
    static Areas* const all = new Areas;
    return *all;
}

}  // namespace

Log::Log(std::string area) : area_(areas().find_or_add(std::move(area))) {}

void Log::write(Level level, const LogFields& /*about*/, std::string_view message) const {
    if (enabled(level)) areas().write(*area_, level, message);
}

void configure_logging(const LogSettings& settings) {
    areas().configure(settings);
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
