// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/base/log.hpp"
#include "daemon/config/json.hpp"
#include "daemon/config/kind.hpp"
#include "daemon/config/writers.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {

/// What the values of an enumeration are called, which count up from zero.
template <class Enumeration>
std::vector<std::string_view> words_of() = delete;
template <>
std::vector<std::string_view> words_of<base::Level>();
template <>
std::vector<std::string_view> words_of<base::LogFormat>();
template <>
std::vector<std::string_view> words_of<model::WriteBuffer::Policy>();
template <>
std::vector<std::string_view> words_of<model::Restart>();
template <>
std::vector<std::string_view> words_of<model::TlsVersion>();
template <>
std::vector<std::string_view> words_of<model::TlsStart>();
template <>
std::vector<std::string_view> words_of<model::TlsPeer::Verify>();

template <class Enumeration>
base::Result<Enumeration> read_one_word(const model::Node& node) {
    const auto index = model::read_choice(node, words_of<Enumeration>());
    if (!index) return index.error();
    return static_cast<Enumeration>(*index);
}

template <class Enumeration>
model::Node write_one_word(const Enumeration& value) {
    return write_word(words_of<Enumeration>()[static_cast<std::size_t>(value)]);
}

template <class Enumeration>
model::Node shape_of_words() {
    return json::object({{"enum", json::texts(words_of<Enumeration>())}});
}

namespace kinds {
template <class Enumeration>
inline constexpr Kind<Enumeration> word{
    read_one_word<Enumeration>, write_one_word<Enumeration>, shape_of_words<Enumeration>};
}  // namespace kinds

}  // namespace protohost::config
