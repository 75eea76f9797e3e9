// SPDX-License-Identifier: MIT
#pragma once

#include <protohost/plugin.hpp>

namespace forward {

/// One of two connections that are joined: what it receives, the other one sends. A side that does
/// not read stops the other one's peer; the end of one direction leaves the other direction open,
/// where both sides can have that; a side that breaks breaks the other one.
class Side : public protohost::Protocol {
public:
    void data_received(protohost::Bytes data) override { other_->transport_.write(data); }
    bool eof_received() override;
    void pause_writing() override {
        if (other_ != nullptr) other_->transport_.pause_reading();
    }
    void resume_writing() override {
        if (other_ != nullptr) other_->transport_.resume_reading();
    }
    /// Where one message ends and another begins only the peers know: they have until the deadline.
    bool drain_requested(protohost::TimePoint) override { return true; }
    void connection_lost(const protohost::Error* exc) override;

protected:
    /// From here on both may be read from.
    void join(Side& other);

    /// Ends it so that the peer sees a reset: one that saw an orderly end would take half of an
    /// answer for all of it.
    void reset();

    protohost::Transport transport_;

private:
    Side* other_ = nullptr;  ///< none before both are connected, and none once one is lost
    bool ended_ = false;     ///< its peer sends no more
};

}  // namespace forward
