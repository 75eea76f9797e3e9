// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <protohost/protocol.hpp>
#include <protohost/testing/values.hpp>
#include <protohost/transport.hpp>

namespace protohost::contract {

/// What happened to a protocol, and what it is to do on each callback. Outlives the protocol.
struct Story {
    /// "made", "data", "get_buffer", "updated", "eof", "pause", "resume", "drain", "lost",
    /// "destroyed".
    std::vector<std::string> events;
    std::string received;
    Transport transport;
    std::optional<protohost::testing::Loss> loss;

    /// Called with each event; what it throws, the callback throws.
    std::function<void(std::string_view event)> on;
    bool keep_open_at_eof = false;
    bool keep_open_at_drain = false;
    std::size_t buffer_size = 4096;

    std::size_t count(std::string_view event) const {
        return static_cast<std::size_t>(std::count(events.begin(), events.end(), event));
    }
    bool is_over() const { return count("destroyed") != 0; }
    void happened(std::string_view event) {
        events.emplace_back(event);
        if (on) on(event);
    }
    void lost(const Error* exc) {
        loss = exc == nullptr ? protohost::testing::Loss{}
                              : protohost::testing::Loss{
                                    exc->status, exc->os_errno, std::string(exc->message)};
        happened("lost");
    }
};

/// What both recorders share.
template <class Base>
class Telling : public Base {
public:
    explicit Telling(Story& story) : story_(story) {}
    ~Telling() override { story_.events.emplace_back("destroyed"); }

    void connection_made(Transport transport) override {
        story_.transport = transport;
        story_.happened("made");
    }
    void connection_lost(const Error* exc) override { story_.lost(exc); }
    void pause_writing() override { story_.happened("pause"); }
    void resume_writing() override { story_.happened("resume"); }
    bool eof_received() override {
        story_.happened("eof");
        return story_.keep_open_at_eof;
    }
    bool drain_requested(TimePoint) override {
        story_.happened("drain");
        return story_.keep_open_at_drain;
    }

protected:
    Story& story_;
};

class Recorder final : public Telling<Protocol> {
public:
    using Telling::Telling;

    void data_received(Bytes data) override {
        story_.received += as_text(data);
        story_.happened(data.empty() ? "nothing" : "data");
    }
};

class BufferedRecorder final : public Telling<BufferedProtocol> {
public:
    using Telling::Telling;

    std::span<std::byte> get_buffer(std::ptrdiff_t sizehint) override {
        hint = sizehint;
        buffer_.resize(story_.buffer_size);
        story_.happened("get_buffer");
        return std::as_writable_bytes(std::span(buffer_));
    }
    void buffer_updated(std::size_t nbytes) override {
        story_.received.append(buffer_, 0, nbytes);
        story_.happened("updated");
    }

    std::ptrdiff_t hint = 0;

private:
    std::string buffer_;
};

}  // namespace protohost::contract
