// SPDX-License-Identifier: MIT
#include "daemon/config/tree_builder.hpp"

#include <algorithm>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using model::Node;

// Far above anything a person writes. All count what aliases stand for, not what the file holds.
constexpr std::size_t deepest = 64;
constexpr std::size_t most_nodes = 100'000;
constexpr std::size_t most_bytes = 8 * 1024 * 1024;
constexpr std::size_t longest_key = 128;

std::size_t depth_of(const Node& node) {
    std::size_t depth = 0;
    for (const Node& item : node.items) depth = std::max(depth, depth_of(item));
    for (const model::Member& member : node.members) {
        depth = std::max(depth, depth_of(member.value));
    }
    return depth + (node.kind == Node::Kind::sequence || node.kind == Node::Kind::mapping ? 1 : 0);
}

/// As it was written, not as the parser resolved it.
std::string short_tag(const std::string& tag) {
    constexpr std::string_view core = "tag:yaml.org,2002:";
    return tag.starts_with(core) ? "!!" + tag.substr(core.size()) : tag;
}

}  // namespace

model::Place TreeBuilder::place_of(const YAML::Mark& mark) const {
    return {file_, mark.line + 1, mark.column + 1};
}

void TreeBuilder::OnDocumentStart(const YAML::Mark& mark) {
    if (started_) {
        second_document_ = place_of(mark);
        throw StopParsing{};
    }
    started_ = true;
}

void TreeBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
    Node node;
    node.place = place_of(mark);
    // Where nothing was written the parser points at whatever comes next.
    if (!open_.empty() && open_.back().pending) node.place = open_.back().pending->key_place;
    charge(node);
    add(std::move(node), anchor);
}

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
        stop(place_of(mark), "an alias inside the value that it stands for");
    }
    charge(found->second);
    if (open_.size() + depth_of(found->second) > deepest) {
        stop(place_of(mark), base::format("nested more than {} deep", deepest));
    }
    Node node = found->second;
    add(std::move(node), 0);
}

void TreeBuilder::OnScalar(const YAML::Mark& mark,
                           const std::string& tag,
                           YAML::anchor_t anchor,
                           const std::string& value) {
    Node node;
    node.kind = Node::Kind::scalar;
    node.text = value;
    node.quoted = tag != "?" && !tag.empty();
    node.place = place_of(mark);
    last_scalar_ = node.place;
    check_tag(tag, node);
    charge(node);
    add(std::move(node), anchor);
}

void TreeBuilder::OnSequenceStart(const YAML::Mark& mark,
                                  const std::string& tag,
                                  YAML::anchor_t anchor,
                                  YAML::EmitterStyle::value) {
    open(Node::Kind::sequence, mark, tag, anchor);
}

void TreeBuilder::OnMapStart(const YAML::Mark& mark,
                             const std::string& tag,
                             YAML::anchor_t anchor,
                             YAML::EmitterStyle::value) {
    open(Node::Kind::mapping, mark, tag, anchor);
}

void TreeBuilder::open(Node::Kind kind,
                       const YAML::Mark& mark,
                       const std::string& tag,
                       YAML::anchor_t anchor) {
    Node node;
    node.kind = kind;
    node.place = place_of(mark);
    check_tag(tag, node);
    charge(node);
    if (open_.size() == deepest) {
        stop(node.place, base::format("nested more than {} deep", deepest));
    }
    open_.push_back(Frame{std::move(node), anchor});
}

void TreeBuilder::close() {
    Node node = std::move(open_.back().node);
    const YAML::anchor_t anchor = open_.back().anchor;
    open_.pop_back();
    add(std::move(node), anchor);
}

void TreeBuilder::add(Node node, YAML::anchor_t anchor) {
    if (anchor != 0) {
        charge(node);
        anchors_[anchor] = node;
    }
    if (open_.empty()) {
        root_ = std::move(node);
        return;
    }
    Frame& frame = open_.back();
    if (frame.node.kind == Node::Kind::sequence) {
        frame.node.items.push_back(std::move(node));
    } else if (!frame.pending) {
        add_key(frame, std::move(node));
    } else {
        frame.pending->value = std::move(node);
        if (!frame.discard) frame.node.members.push_back(std::move(*frame.pending));
        frame.pending.reset();
        frame.discard = false;
    }
}

void TreeBuilder::add_key(Frame& frame, Node node) {
    const model::Place place = node.place;
    const bool plain = !node.quoted;
    const Node::Kind kind = node.kind;
    const auto found = std::string(model::describe(node));
    frame.pending = model::Member{std::move(node.text), place, {}};
    const std::string& key = frame.pending->key;
    if (kind != Node::Kind::scalar) {
        refuse_key(frame, place, "a key must be a word, found " + found, "write KEY: VALUE");
    } else if (key.empty()) {
        refuse_key(frame, place, "an empty key", "write KEY: VALUE");
    } else if (key.size() > longest_key) {
        frame.pending->key.resize(longest_key);
        refuse_key(frame, place, base::format("a key longer than {} bytes", longest_key), "");
    } else if (plain && key == "<<") {
        refuse_key(frame, place, "merge keys (<<) are not supported", "write the keys out");
    } else if (const auto [first, fresh] = frame.keys.emplace(key, place); !fresh) {
        refuse_key(frame,
                   place,
                   base::format("duplicate key {}; the first is at {}",
                                model::quote(key),
                                model::to_string(first->second)),
                   "remove one of the two");
    }
}

void TreeBuilder::refuse_key(Frame& frame,
                             const model::Place& place,
                             std::string what,
                             std::string hint) {
    frame.discard = true;
    complain(place, std::move(what), std::move(hint));
}

void TreeBuilder::check_tag(const std::string& tag, const Node& node) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    const std::string name = short_tag(tag);
    const bool fits = (name == "!!str" && node.kind == Node::Kind::scalar) ||
                      (name == "!!seq" && node.kind == Node::Kind::sequence) ||
                      (name == "!!map" && node.kind == Node::Kind::mapping);
    if (!fits) {
        complain(node.place, base::format("unsupported tag {}", model::quote(name)), "remove it");
    }
}

void TreeBuilder::charge(const Node& node) {
    ++nodes_;
    bytes_ += node.text.size();
    if (nodes_ > most_nodes) {
        stop(node.place,
             base::format("more than {} keys and values, counting what aliases stand for",
                          most_nodes),
             "split the file, or use fewer aliases");
    }
    if (bytes_ > most_bytes) {
        stop(node.place, "more than 8MiB of text, counting what aliases stand for");
    }
    for (const Node& item : node.items) charge(item);
    for (const model::Member& member : node.members) {
        bytes_ += member.key.size();
        charge(member.value);
    }
}

std::string TreeBuilder::path() const {
    std::string path;
    for (const Frame& frame : open_) {
        if (frame.node.kind == Node::Kind::sequence) {
            path = model::path_to(path, frame.node.items.size());
        } else if (frame.pending) {
            path = model::path_to(path, frame.pending->key);
        }
    }
    return path;
}

void TreeBuilder::complain(const model::Place& place, std::string what, std::string hint) {
    report_.add(place, {model::to_string(place, path()), std::move(what), std::move(hint)});
}

void TreeBuilder::stop(const model::Place& place, std::string what, std::string hint) {
    complain(place, std::move(what), std::move(hint));
    throw StopParsing{};
}

}  // namespace protohost::config
