// SPDX-License-Identifier: MIT
#include "daemon/config/read_tls.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/config/json.hpp"
#include "daemon/config/readers.hpp"
#include "daemon/config/shapes.hpp"
#include "daemon/config/writers.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using model::Node;
using model::Written;
using Verify = model::TlsPeer::Verify;
using Texts = std::vector<std::string>;

constexpr std::uint64_t most_former_keys = 100;

std::string place_of(const Node& node) {
    return model::to_string(node.place, node.path);
}

base::Result<Written> read_file_name(const Node& node) {
    auto path = read_path(node);
    if (!path) return path.error();
    return Written{std::move(path->value), place_of(node)};
}

Node write_written(const Written& written) {
    return write_text(written.text);
}

bool is_visible(const std::string& text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

bool is_openssl_name(const std::string& text) {
    constexpr std::string_view allowed =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    return !text.empty() && text.find_first_not_of(allowed) == std::string::npos;
}

bool is_server_name(const std::string& text) {
    constexpr std::string_view allowed =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
    return !text.empty() && text.size() <= 253 &&
           text.find_first_not_of(allowed) == std::string::npos;
}

/// A list of texts that are `right`.
base::Result<Texts> read_texts(const Node& node,
                               std::string_view what,
                               std::string_view each,
                               bool (*right)(const std::string&)) {
    if (node.kind != Node::Kind::sequence) {
        const bool one = node.kind == Node::Kind::scalar && right(node.text);
        return base::Errors{
            model::unexpected(node, what, one ? base::format("write [{}]", node.text) : "")};
    }
    return read_each(node, [&](const Node& item) -> base::Result<std::string> {
        const bool fits = item.kind == Node::Kind::scalar && right(item.text);
        if (!fits) return base::Errors{model::unexpected(item, each)};
        return item.text;
    });
}

base::Result<std::vector<Written>> read_openssl_names(const Node& node) {
    auto names = read_texts(node, "a list of names", "a name that OpenSSL knows", is_openssl_name);
    if (!names) return names.error();
    std::vector<Written> written;
    for (std::size_t i = 0; i < names->size(); ++i) {
        written.push_back({std::move((*names)[i]), place_of(node.items[i])});
    }
    return written;
}

Node write_openssl_names(const std::vector<Written>& names) {
    return write_each(names, write_written);
}

base::Result<Texts> read_alpn(const Node& node) {
    return read_texts(
        node,
        "a list of protocols such as [h2, http/1.1]",
        "a protocol such as h2, at most 255 bytes",
        [](const std::string& text) { return is_visible(text) && text.size() < 256; });
}

base::Result<Texts> read_peer_names(const Node& node) {
    return read_texts(node,
                      "a list of names such as [client7]",
                      "a name such as client7 or *.example.net",
                      is_visible);
}

Node write_texts(const Texts& texts) {
    return write_each(texts, write_text);
}

base::Result<std::string> read_server_name(const Node& node) {
    if (node.kind == Node::Kind::scalar && is_server_name(node.text)) return node.text;
    return base::Errors{model::unexpected(node, "a name such as example.net, or an IP address")};
}

base::Result<std::uint64_t> read_former_keys(const Node& node) {
    const auto value = model::read_integer(node, 0, most_former_keys);
    if (!value) return value.error();
    return base::success(static_cast<std::uint64_t>(*value));
}

base::Result<model::TlsClose> read_close(const Node& node) {
    using Policy = model::TlsClose::Policy;
    if (node.kind == Node::Kind::scalar && node.text == "notify") {
        return model::TlsClose{Policy::notify};
    }
    if (node.kind == Node::Kind::scalar && node.text == "abort") {
        return model::TlsClose{Policy::abort};
    }
    const auto wait = read_timeout_above_zero(node);
    if (!wait) {
        return base::Errors{model::unexpected(
            node, "notify, abort or how long to wait such as 30s, above 0 and at most 365d")};
    }
    return model::TlsClose{Policy::wait, std::chrono::ceil<std::chrono::milliseconds>(*wait)};
}

Node write_close(const model::TlsClose& close) {
    using Policy = model::TlsClose::Policy;
    if (close.policy == Policy::wait) return write_duration(close.wait);
    return write_word(close.policy == Policy::notify ? "notify" : "abort");
}

const std::vector<std::string_view> server_words{"none", "required"};

base::Result<Verify> read_verify_server(const Node& node) {
    const auto index = model::read_choice(node, server_words);
    if (!index) return index.error();
    return *index == 0 ? Verify::none : Verify::required;
}

Node write_verify_server(const Verify& verify) {
    return write_word(server_words[verify == Verify::none ? 0 : 1]);
}

Node verify_server_shape() {
    return json::object({{"enum", json::texts(server_words)}});
}

}  // namespace

namespace kinds {

const Kind<Written> tls_file{read_file_name, write_written, path_shape};
const Kind<std::vector<Written>> openssl_names{
    read_openssl_names, write_openssl_names, openssl_names_shape};
const Kind<Texts> alpn{read_alpn, write_texts, alpn_shape};
const Kind<Texts> peer_names{read_peer_names, write_texts, peer_names_shape};
const Kind<std::string> server_name{read_server_name, write_text, server_name_shape};
const Kind<std::uint64_t> former_keys{read_former_keys, write_count, former_keys_shape};
const Kind<model::TlsClose> tls_close{read_close, write_close, tls_close_shape};
const Kind<Verify> verify_server{read_verify_server, write_verify_server, verify_server_shape};

}  // namespace kinds

}  // namespace protohost::config
