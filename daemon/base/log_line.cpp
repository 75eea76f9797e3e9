// SPDX-License-Identifier: MIT
#include "daemon/base/log_line.hpp"

#include <nlohmann/json.hpp>

#include "daemon/base/timestamp.hpp"
#include "daemon/base/utf8.hpp"

namespace protohost::base {
namespace {

/// What syslog(3) and the journal call it.
int priority_of(Level level) {
    switch (level) {
        case Level::error:
            return 3;
        case Level::warn:
            return 4;
        case Level::info:
            return 6;
        default:
            return 7;
    }
}

/// Calls `add` with the key of JSON, the field of the journal, and the text of each that there is.
template <class Add>
void each_text(const LogFields& about, Add&& add) {
    const auto add_text = [&](const char* key, const char* field, std::string_view text) {
        if (!text.empty()) add(key, field, text);
    };
    add_text("message_id", "MESSAGE_ID", about.id);
    add_text("unit", "PROTOHOST_UNIT", about.unit);
    add_text("plugin", "PROTOHOST_PLUGIN", about.plugin);
    add_text("connection", "PROTOHOST_CONNECTION", about.connection);
    add_text("config_file", "CONFIG_FILE", about.config_file);
}

template <class Add>
void each_number(const LogFields& about, Add&& add) {
    if (about.generation != 0) add("generation", "PROTOHOST_GENERATION", about.generation);
    if (about.config_line != 0) {
        add("config_line", "CONFIG_LINE", std::uint64_t{about.config_line});
    }
}

}  // namespace

std::string text_line(const LogLine& line) {
    return format("{} {:<{}} {}: {}\n",
                  timestamp(line.time),
                  to_string(line.level),
                  level_width,
                  printable(line.area),
                  printable(line.message));
}

std::string json_line(const LogLine& line) {
    using nlohmann::ordered_json;
    ordered_json object;
    object["time"] = timestamp(line.time);
    object["level"] = to_string(line.level);
    object["area"] = line.area;
    object["message"] = line.message;
    const auto put = [&](const char* key, const char*, const auto& value) { object[key] = value; };
    each_text(line.about, put);
    each_number(line.about, put);
    return object.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

std::string journal_entry(const LogLine& line) {
    std::string entry;
    const auto put = [&](const char*, const char* field, const auto& value) {
        entry += format("{}={}\n", field, value);
    };
    put("", "MESSAGE", printable(line.message));
    put("", "PRIORITY", priority_of(line.level));
    put("", "SYSLOG_IDENTIFIER", "protohostd");
    put("", "PROTOHOST_AREA", printable(line.area));
    each_text(line.about, [&](const char*, const char* field, std::string_view text) {
        put("", field, printable(text));
    });
    each_number(line.about, put);
    return entry;
}

}  // namespace protohost::base
