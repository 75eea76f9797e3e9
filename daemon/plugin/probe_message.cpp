// SPDX-License-Identifier: MIT
#include "daemon/plugin/probe_message.hpp"

#include <charconv>
#include <cstdint>
#include <utility>

namespace protohost::plugin {
namespace {

/// Texts one after another, each behind its length: "5:hello".
class Writer {
public:
    void text(std::string_view value) {
        out_ += std::to_string(value.size());
        out_ += ':';
        out_ += value;
    }
    void number(std::uint64_t value) { text(std::to_string(value)); }
    std::string take() { return std::move(out_); }

private:
    std::string out_;
};

/// Once something was not there, nothing more is.
class Reader {
public:
    explicit Reader(std::string_view in) : in_(in) {}

    bool failed() const { return failed_; }
    bool at_end() const { return in_.empty(); }
    std::string text() {
        std::size_t length = 0;
        const auto [end, error] = std::from_chars(in_.data(), in_.data() + in_.size(), length);
        const auto digits = static_cast<std::size_t>(end - in_.data());
        if (failed_ || error != std::errc() || !in_.substr(digits).starts_with(':') ||
            length > in_.size() - digits - 1) {
            failed_ = true;
            return {};
        }
        const std::string_view value = in_.substr(digits + 1, length);
        in_.remove_prefix(digits + 1 + length);
        return std::string(value);
    }
    std::uint64_t number() {
        const std::string digits = text();
        std::uint64_t value = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc() || end != digits.data() + digits.size()) failed_ = true;
        return value;
    }

private:
    std::string_view in_;
    bool failed_ = false;
};

void write(Writer& writer, const model::Place& place) {
    writer.text(place.file);
    writer.number(static_cast<std::uint64_t>(place.line));
    writer.number(static_cast<std::uint64_t>(place.column));
}

void read(Reader& reader, model::Place& place) {
    place.file = reader.text();
    place.line = static_cast<int>(reader.number());
    place.column = static_cast<int>(reader.number());
}

void write(Writer& writer, const model::Node& node) {
    writer.number(static_cast<std::uint64_t>(node.kind));
    writer.text(node.text);
    writer.number(node.quoted ? 1 : 0);
    write(writer, node.place);
    writer.text(node.path);
    writer.number(node.items.size());
    for (const model::Node& item : node.items) write(writer, item);
    writer.number(node.members.size());
    for (const model::Member& member : node.members) {
        writer.text(member.key);
        write(writer, member.key_place);
        write(writer, member.value);
    }
}

void read(Reader& reader, model::Node& node) {
    node.kind = static_cast<model::Node::Kind>(reader.number());
    node.text = reader.text();
    node.quoted = reader.number() != 0;
    read(reader, node.place);
    node.path = reader.text();
    for (auto left = reader.number(); left > 0 && !reader.failed(); --left) {
        read(reader, node.items.emplace_back());
    }
    for (auto left = reader.number(); left > 0 && !reader.failed(); --left) {
        model::Member& member = node.members.emplace_back();
        member.key = reader.text();
        read(reader, member.key_place);
        read(reader, member.value);
    }
}

/// As much of it as is needed to load it.
void write(Writer& writer, const StagedPlugin& staged) {
    writer.text(staged.source);
    writer.text(staged.path);
    writer.number(staged.generation);
    writer.text(staged.identity.name);
    writer.text(staged.identity.version);
    writer.number(staged.identity.flags);
}

void read(Reader& reader, StagedPlugin& staged) {
    staged.source = reader.text();
    staged.path = reader.text();
    staged.generation = static_cast<unsigned>(reader.number());
    staged.identity.name = reader.text();
    staged.identity.version = reader.text();
    staged.identity.flags = static_cast<std::uint32_t>(reader.number());
    staged.copy = std::make_shared<StagedCopy>(staged.path);
    // The daemon's to remove.
    staged.copy->keep();
}

}  // namespace

std::string encode(const ProbeRequest& request) {
    Writer writer;
    write(writer, request.staged);
    writer.number(request.bindings.size());
    for (const ProbeRequest::Binding& binding : request.bindings) {
        writer.text(binding.title);
        writer.text(binding.where);
        writer.text(binding.factory);
        write(writer, binding.options);
        writer.number(binding.kind);
    }
    return writer.take();
}

std::optional<ProbeRequest> decode_request(std::string_view text) {
    Reader reader(text);
    ProbeRequest request;
    read(reader, request.staged);
    for (auto left = reader.number(); left > 0 && !reader.failed(); --left) {
        ProbeRequest::Binding& binding = request.bindings.emplace_back();
        binding.title = reader.text();
        binding.where = reader.text();
        binding.factory = reader.text();
        read(reader, binding.options);
        binding.kind = static_cast<std::uint32_t>(reader.number());
    }
    if (reader.failed() || !reader.at_end()) return std::nullopt;
    return request;
}

std::string encode(const ProbeEvent& event) {
    Writer writer;
    writer.number(static_cast<std::uint64_t>(event.kind));
    writer.text(event.error.where);
    writer.text(event.error.what);
    writer.text(event.error.hint);
    return writer.take();
}

std::vector<ProbeEvent> decode_events(std::string_view text) {
    Reader reader(text);
    std::vector<ProbeEvent> events;
    while (!reader.at_end()) {
        ProbeEvent event;
        const std::uint64_t kind = reader.number();
        event.kind = static_cast<ProbeEvent::Kind>(kind);
        event.error.where = reader.text();
        event.error.what = reader.text();
        event.error.hint = reader.text();
        if (reader.failed() || kind > static_cast<std::uint64_t>(ProbeEvent::Kind::done)) break;
        events.push_back(std::move(event));
    }
    return events;
}

}  // namespace protohost::plugin
