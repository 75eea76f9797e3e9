// SPDX-License-Identifier: MIT
#include <array>

#include <protohost/plugin.hpp>

namespace {

/// Echoes through a buffer of its own.
class BufferedEcho final : public protohost::BufferedProtocol {
public:
    void connection_made(protohost::Transport transport) override { transport_ = transport; }
    std::span<std::byte> get_buffer(std::ptrdiff_t) override { return buffer_; }
    void buffer_updated(std::size_t size) override {
        transport_.write(std::span(buffer_).first(size));
    }
    void pause_writing() override { transport_.pause_reading(); }
    void resume_writing() override { transport_.resume_reading(); }

private:
    protohost::Transport transport_;
    std::array<std::byte, 10'000> buffer_{};
};

}  // namespace

PROTOHOST_PLUGIN("buffered",
                 "1.0",
                 protohost::factory<BufferedEcho>("buffered", "echoes through its own buffer"));
