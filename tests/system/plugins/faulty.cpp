// SPDX-License-Identifier: MIT
#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include <protohost/plugin.hpp>

// Throws in the callback that the option `throw_in` names; until then it echoes. A message that
// begins with "flood" is answered with more than the kernel takes of what nobody reads.

namespace {

struct Fault {
    std::string callback;
    bool standard = true;

    void at(std::string_view here) const {
        if (callback != here) return;
        if (standard) throw std::runtime_error("thrown in " + callback);
        throw 42;
    }
};

/// What a protocol of either kind does; `Base` is that kind.
template <class Base>
class Faulty : public Base {
public:
    explicit Faulty(const Fault& fault) : fault_(fault) {}

    void connection_made(protohost::Transport transport) override {
        fault_.at("connection_made");
        transport_ = transport;
    }
    void connection_lost(const protohost::Error*) override { fault_.at("connection_lost"); }
    void pause_writing() override { fault_.at("pause_writing"); }
    void resume_writing() override { fault_.at("resume_writing"); }
    bool eof_received() override {
        fault_.at("eof_received");
        return false;
    }
    bool drain_requested(protohost::TimePoint) override {
        fault_.at("drain_requested");
        return false;
    }

protected:
    void answer(protohost::Bytes data) {
        if (protohost::as_text(data).starts_with("flood")) {
            transport_.write(std::string(32 << 20, '.'));
            transport_.get_loop().log().info("flooded");
        } else {
            transport_.write(data);
        }
    }

    const Fault& fault_;

private:
    protohost::Transport transport_;
};

class Streamed final : public Faulty<protohost::Protocol> {
public:
    using Faulty::Faulty;

    void data_received(protohost::Bytes data) override {
        fault_.at("data_received");
        answer(data);
    }
};

class Buffered final : public Faulty<protohost::BufferedProtocol> {
public:
    using Faulty::Faulty;

    std::span<std::byte> get_buffer(std::ptrdiff_t) override {
        fault_.at("get_buffer");
        return buffer_;
    }
    void buffer_updated(std::size_t size) override {
        fault_.at("buffer_updated");
        answer(std::span(buffer_).first(size));
    }

private:
    std::array<std::byte, 4096> buffer_{};
};

class FaultyFactory {
public:
    explicit FaultyFactory(const protohost::Options& options)
        : fault_{options.get<std::string>("throw_in"), options.get<bool>("standard")} {}

    std::unique_ptr<protohost::BaseProtocol> operator()() const {
        fault_.at("make_protocol");
        if (fault_.callback == "get_buffer" || fault_.callback == "buffer_updated") {
            return std::make_unique<Buffered>(fault_);
        }
        return std::make_unique<Streamed>(fault_);
    }
    void started(protohost::Loop) { fault_.at("started"); }

private:
    Fault fault_;
};

constexpr std::array options{
    protohost::option("throw_in", protohost::OptionType::string, "", "the callback that throws"),
    protohost::option("standard",
                      protohost::OptionType::boolean,
                      "true",
                      "throw a std::exception, or else an int")};

}  // namespace

PROTOHOST_PLUGIN("faulty",
                 "1.0",
                 protohost::factory<FaultyFactory>("faulty", "throws on demand", options));
