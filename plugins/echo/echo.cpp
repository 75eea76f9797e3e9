// SPDX-License-Identifier: MIT
#include <protohost/plugin.hpp>

namespace {

/// Sends back what it receives. A peer that does not read its answers is not read from either.
class Echo final : public protohost::Protocol {
public:
    void connection_made(protohost::Transport transport) override { transport_ = transport; }
    void data_received(protohost::Bytes data) override { transport_.write(data); }
    void pause_writing() override { transport_.pause_reading(); }
    void resume_writing() override { transport_.resume_reading(); }

private:
    protohost::Transport transport_;
};

}  // namespace

PROTOHOST_PLUGIN("echo", "1.0", protohost::factory<Echo>("echo", "sends back what it receives"));
