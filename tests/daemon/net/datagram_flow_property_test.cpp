// SPDX-License-Identifier: MIT
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/datagram_rig.hpp"

// Random programs against a peer that reads when it likes: whatever they do, pauses and resumes
// strictly alternate and agree with the size, the size returns to 0, and what was accepted arrives
// in order, each once.

namespace protohost::net::testing {
namespace {

class RandomProgram {
public:
    explicit RandomProgram(unsigned seed) : random_(seed) {
        recorder_.on = [this](std::string_view event) { return happened(event); };
    }
    ~RandomProgram() { recorder_.on = nullptr; }
    RandomProgram(const RandomProgram&) = delete;
    RandomProgram& operator=(const RandomProgram&) = delete;

    void run() {
        for (int step = 0; step < 400; ++step) do_something();
        rig_.run_until([this] {
            read_some();
            return transport_.get_write_buffer_size() == 0;
        });
        rig_.run_ready();
        read_some();
        EXPECT_FALSE(paused_);
        EXPECT_EQ(transport_.get_write_buffer_size(), 0U);
        EXPECT_EQ(arrived_.size(), accepted_.size());
        EXPECT_TRUE(arrived_ == accepted_);
        EXPECT_EQ(recorder_.count("pause"), recorder_.count("resume"));
    }

private:
    static model::WriteBuffer limits() {
        model::WriteBuffer limits;
        limits.limit = 100 * 1000;
        limits.policy = model::WriteBuffer::Policy::refuse;
        return limits;
    }

    std::size_t any(std::size_t below) { return random_() % below; }

    void do_something() {
        switch (any(8)) {
            case 0:
                transport_.set_write_buffer_limits(
                    static_cast<std::int64_t>(any(4) == 0 ? 0 : any(9000)), -1);
                break;
            case 1:
                transport_.set_write_buffer_limits(-1, -1);
                break;
            case 2:
                read_some();
                break;
            case 3:
                rig_.run_ready();
                break;
            case 4:  // from inside a callback, where it is gathered
                ends_.peer.send("go", {});
                rig_.run_ready();
                break;
            default:
                for (std::size_t i = any(12); i > 0; --i) send_one();
        }
    }

    void send_one() {
        std::string text = std::to_string(accepted_.size()) + ":" +
                           std::string(any(any(20) == 0 ? 9000 : 60), 'p');
        if (any(15) == 0) text.clear();
        // Noted before: what is sent from inside pause_writing comes behind it.
        accepted_.push_back(text);
        const std::size_t at = accepted_.size() - 1;
        const ph_status status = send_by(transport_, text);
        if (status != PH_OK) {
            ASSERT_EQ(status, PH_E_LIMIT);
            accepted_.erase(accepted_.begin() + static_cast<std::ptrdiff_t>(at));
        }
    }

    void read_some() {
        for (auto& text : ends_.peer.receive_waiting()) arrived_.push_back(std::move(text));
    }

    ph_status happened(std::string_view event) {
        std::size_t low = 0;
        std::size_t high = 0;
        if (event == "pause") {
            EXPECT_FALSE(paused_);
            paused_ = true;
            transport_.get_write_buffer_limits(low, high);
            EXPECT_GT(transport_.get_write_buffer_size(), high);
        } else if (event == "resume") {
            EXPECT_TRUE(paused_);
            paused_ = false;
            transport_.get_write_buffer_limits(low, high);
            EXPECT_LE(transport_.get_write_buffer_size(), low);
        } else if (event == "error" || event == "lost") {
            ADD_FAILURE() << event;
        }
        if (depth_ < 3 && any(3) == 0) {
            ++depth_;
            send_one();
            --depth_;
        }
        return any(30) == 0 ? PH_E_FAIL : PH_OK;
    }

    std::mt19937 random_;
    std::vector<std::string> accepted_;
    std::vector<std::string> arrived_;
    bool paused_ = false;
    int depth_ = 0;
    DatagramRecorder recorder_;
    Rig rig_;
    DatagramPair ends_ = socket_pair();
    DatagramTransport& transport_ = serve(rig_, recorder_, std::move(ends_.ours), limits());
};

TEST(DatagramFlowProperty, HoldsForRandomPrograms) {
    for (unsigned seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        RandomProgram(seed).run();
        if (HasFailure()) return;
    }
}

}  // namespace
}  // namespace protohost::net::testing
