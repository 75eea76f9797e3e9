// SPDX-License-Identifier: MIT
#include <chrono>

#include <protohost/plugin.hpp>

namespace {

/// Keeps its transport longer than its connection, as nobody should: what arrives is answered from
/// a timer, to whoever is there by then. The log says what became of it.
class Late final : public protohost::Protocol {
public:
    void connection_made(protohost::Transport transport) override { transport_ = transport; }
    void data_received(protohost::Bytes) override {
        auto answer = [transport = transport_]() mutable {
            const bool written = transport.write("secret") == protohost::WriteStatus::accepted;
            transport.abort();
            transport.get_loop().log().info(written ? "written" : "refused");
        };
        transport_.get_loop().call_later(std::chrono::milliseconds(20), answer);
        transport_.close();
    }

private:
    protohost::Transport transport_;
};

}  // namespace

PROTOHOST_PLUGIN("late", "1.0", protohost::factory<Late>("late", "answers too late"));
