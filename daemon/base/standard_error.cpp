// SPDX-License-Identifier: MIT
#include "daemon/base/standard_error.hpp"

#include <cstdlib>

#include <spdlog/details/log_msg.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include "daemon/base/log_line.hpp"

namespace protohost::base {
namespace {

/// Passes on a line that is complete, and says what of it is coloured.
class Complete final : public spdlog::formatter {
public:
    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
        if (message.level != spdlog::level::off) {
            message.color_range_start = level_column;
            message.color_range_end = level_column + level_width;
        }
        out.append(message.payload.data(), message.payload.data() + message.payload.size());
    }
    std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<Complete>();
    }
};

spdlog::color_mode colours() {
    const char* refused = std::getenv("NO_COLOR");
    const bool plain = refused != nullptr && *refused != '\0';
    return plain ? spdlog::color_mode::never : spdlog::color_mode::automatic;
}

spdlog::details::log_msg message(spdlog::level::level_enum level, std::string_view line) {
    return {spdlog::string_view_t(), level, spdlog::string_view_t(line.data(), line.size())};
}

}  // namespace

struct StandardError::Sink {
    spdlog::sinks::stderr_color_sink_st sink{colours()};
};

StandardError::StandardError() : sink_(std::make_unique<Sink>()) {
    sink_->sink.set_formatter(std::make_unique<Complete>());
}

StandardError::~StandardError() = default;

void StandardError::write_text(Level level, std::string_view line) {
    sink_->sink.log(message(static_cast<spdlog::level::level_enum>(level), line));
}

void StandardError::write(std::string_view line) {
    sink_->sink.log(message(spdlog::level::off, line));
}

}  // namespace protohost::base
