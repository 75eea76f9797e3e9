// SPDX-License-Identifier: MIT
#include <string>

#include <protohost/plugin.hpp>

namespace {

/// Writes without end, as fast as it is taken, and says when it is taken no more.
class Spout final : public protohost::Protocol {
public:
    void connection_made(protohost::Transport transport) override {
        transport_ = transport;
        pour();
    }
    void connection_lost(const protohost::Error*) override { next_.cancel(); }
    void pause_writing() override {
        paused_ = true;
        transport_.get_loop().log().info("paused");
    }
    void resume_writing() override {
        paused_ = false;
        pour();
    }

private:
    void pour() {
        for (int i = 0; i < 16 && !paused_; ++i) transport_.write(block_);
        if (!paused_) next_ = transport_.get_loop().call_soon([this] { pour(); });
    }

    protohost::Transport transport_;
    protohost::ScopedHandle next_;
    const std::string block_ = std::string(4096, '.');
    bool paused_ = false;
};

}  // namespace

PROTOHOST_PLUGIN("spout", "1.0", protohost::factory<Spout>("spout", "writes without end"));
