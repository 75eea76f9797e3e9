// SPDX-License-Identifier: MIT
#include "daemon/config/words.hpp"

namespace protohost::config {

template <>
std::vector<std::string_view> words_of<base::Level>() {
    std::vector<std::string_view> words;
    for (int i = 0; i <= static_cast<int>(base::Level::off); ++i) {
        words.push_back(base::to_string(static_cast<base::Level>(i)));
    }
    return words;
}

template <>
std::vector<std::string_view> words_of<base::LogFormat>() {
    return {"automatic", "text", "json", "journal"};
}

template <>
std::vector<std::string_view> words_of<model::WriteBuffer::Policy>() {
    return {"abort", "refuse"};
}

template <>
std::vector<std::string_view> words_of<model::Restart>() {
    return {"always", "on-failure", "never"};
}

template <>
std::vector<std::string_view> words_of<model::TlsVersion>() {
    return {"1.2", "1.3"};
}

template <>
std::vector<std::string_view> words_of<model::TlsStart>() {
    return {"connection", "request"};
}

template <>
std::vector<std::string_view> words_of<model::TlsPeer::Verify>() {
    return {"none", "optional", "required"};
}

}  // namespace protohost::config
