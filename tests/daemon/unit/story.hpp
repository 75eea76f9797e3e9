// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <protohost/protocol.hpp>

namespace protohost::unit::testing {

/// What the protocols of a test wrote down, in order.
class Story {
public:
    /// "made", "data", "eof", "datagram", "error", "exited", "drain", "lost", "gone"
    /// (destroyed), "unused" (destroyed before connection_made).
    std::vector<std::string> events;
    std::string received;
    std::vector<std::string> reasons;  ///< what connection_lost was told; "" for in order
    std::vector<int> returncodes;      ///< of processes that have exited
    // In the order of connection_made.
    std::vector<Transport> streams;
    std::vector<DatagramTransport> datagrams;
    std::vector<SubprocessTransport> processes;

    /// Called on each event; may throw, as a callback.
    std::function<void(std::string_view event)> on;
    bool keep_open_at_drain = false;

    std::size_t count(std::string_view event) const {
        return static_cast<std::size_t>(std::count(events.begin(), events.end(), event));
    }
    void happened(std::string_view event) {
        events.emplace_back(event);
        if (on) on(event);
    }

    std::unique_ptr<BaseProtocol> stream();
    std::unique_ptr<BaseProtocol> datagram();
    std::unique_ptr<BaseProtocol> process();
    /// PH_STREAM, PH_DATAGRAM, PH_SUBPROCESS.
    std::unique_ptr<BaseProtocol> protocol(std::uint32_t kind) {
        if (kind == PH_SUBPROCESS) return process();
        return kind == PH_STREAM ? stream() : datagram();
    }
};

/// A protocol that tells it; `Base` is its kind.
template <class Base>
class Told : public Base {
public:
    explicit Told(Story& story) : story_(story) {}
    ~Told() override { story_.events.emplace_back(made_ ? "gone" : "unused"); }

    void connection_lost(const Error* exc) override {
        story_.reasons.emplace_back(exc != nullptr ? exc->message : "");
        story_.happened("lost");
    }
    bool drain_requested(TimePoint) override {
        story_.happened("drain");
        return story_.keep_open_at_drain;
    }

protected:
    void made() {
        made_ = true;
        story_.happened("made");
    }

    Story& story_;

private:
    bool made_ = false;
};

class ToldStream final : public Told<Protocol> {
public:
    using Told::Told;

    void connection_made(Transport transport) override {
        story_.streams.push_back(transport);
        made();
    }
    void data_received(Bytes data) override {
        story_.received += as_text(data);
        story_.happened("data");
    }
    bool eof_received() override {
        story_.happened("eof");
        return false;
    }
};

class ToldDatagrams final : public Told<DatagramProtocol> {
public:
    using Told::Told;

    void connection_made(DatagramTransport transport) override {
        story_.datagrams.push_back(transport);
        made();
    }
    void datagram_received(Bytes data, const Address&) override {
        story_.received += as_text(data);
        story_.happened("datagram");
    }
    void error_received(const Error&, const Address&) override { story_.happened("error"); }
};

class ToldProcess final : public Told<SubprocessProtocol> {
public:
    using Told::Told;

    void connection_made(SubprocessTransport transport) override {
        transport_ = transport;
        story_.processes.push_back(transport);
        made();
    }
    void pipe_data_received(int, Bytes data) override {
        story_.received += as_text(data);
        story_.happened("data");
    }
    void process_exited() override {
        story_.returncodes.push_back(transport_.get_returncode().value());
        story_.happened("exited");
    }

private:
    SubprocessTransport transport_;
};

inline std::unique_ptr<BaseProtocol> Story::process() {
    return std::make_unique<ToldProcess>(*this);
}
inline std::unique_ptr<BaseProtocol> Story::stream() {
    return std::make_unique<ToldStream>(*this);
}
inline std::unique_ptr<BaseProtocol> Story::datagram() {
    return std::make_unique<ToldDatagrams>(*this);
}

}  // namespace protohost::unit::testing
