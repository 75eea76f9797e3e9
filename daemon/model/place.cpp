// SPDX-License-Identifier: MIT
#include "daemon/model/place.hpp"

namespace protohost::model {

std::string to_string(const Place& place) {
    std::string text = place.file;
    if (place.line <= 0) return text;
    text += ':' + std::to_string(place.line);
    if (place.column > 0) text += ':' + std::to_string(place.column);
    return text;
}

std::string to_string(const Place& place, const std::string& key) {
    std::string text = to_string(place);
    if (key.empty()) return text;
    if (!text.empty()) text += ": ";
    return text + key;
}

}  // namespace protohost::model
