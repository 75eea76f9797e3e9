// SPDX-License-Identifier: MIT
#include "daemon/unit/unit_log.hpp"

namespace protohost::unit {

std::string_view name_in(std::string_view title) {
    const std::size_t space = title.find(' ');
    return space == std::string_view::npos ? title : title.substr(space + 1);
}

UnitLog::UnitLog(std::string title, std::string area, std::string plugin, unsigned generation)
    : title_(std::move(title)),
      plugin_(std::move(plugin)),
      generation_(generation),
      log_(std::move(area)) {}

void UnitLog::write(base::Level level, base::LogFields about, std::string_view message) const {
    if (!enabled(level)) return;
    about.unit = name_in(title_);
    if (!plugin_.empty()) {
        about.plugin = plugin_;
        about.generation = generation_;
    }
    log_.write(level, about, prefix().append(message));
}

}  // namespace protohost::unit
