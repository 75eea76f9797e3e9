// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/net/subprocess_transport.hpp"
#include "tests/daemon/net/process_rig.hpp"
#include "tests/daemon/net/rig.hpp"

#include <protohost/abi.h>

namespace protohost::net::testing {

/// A subprocess protocol that writes down what happens to it, and does what the test says.
class ProcessRecorder {
public:
    ProcessRecorder() {
        ops_.size = sizeof ops_;
        ops_.kind = PH_SUBPROCESS;
        ops_.connection_made = [](void* self, ph_transport*) { return of(self).happened("made"); };
        ops_.connection_lost = [](void* self, const ph_error* why) {
            return of(self).happened(why == nullptr ? "lost" : "lost:" + std::to_string(why->code));
        };
        ops_.pause_writing = [](void* self) { return of(self).happened("pause"); };
        ops_.resume_writing = [](void* self) { return of(self).happened("resume"); };
        ops_.destroy = [](void* self) { of(self).happened("destroy"); };
        ops_.pipe_data_received =
            [](void* self, std::int32_t fd, const void* data, std::size_t size) {
                of(self).output[static_cast<std::size_t>(fd)].append(static_cast<const char*>(data),
                                                                     size);
                return of(self).happened("data:" + std::to_string(fd));
            };
        ops_.pipe_connection_lost = [](void* self, std::int32_t fd, const ph_error* why) {
            const std::string number = std::to_string(fd);
            return of(self).happened("pipe:" + number +
                                     (why == nullptr ? "" : ":" + std::to_string(why->os_errno)));
        };
        ops_.process_exited = [](void* self) { return of(self).happened("exited"); };
        ops_.drain_requested = [](void* self, std::uint64_t, std::int32_t* keep_open) {
            *keep_open = of(self).keep_open_at_drain ? 1 : 0;
            return of(self).happened("drain");
        };
    }

    ph_proto proto() { return {reinterpret_cast<const ph_any_ops*>(&ops_), this}; }

    /// "made", "data:1", "pipe:1", "pipe:0:32", "exited", "pause", "resume", "drain", "lost",
    /// "destroy".
    std::vector<std::string> events;
    std::array<std::string, 3> output;
    std::function<ph_status(std::string_view event)> on;
    bool keep_open_at_drain = false;

    std::size_t count(std::string_view event) const {
        return static_cast<std::size_t>(std::count(events.begin(), events.end(), event));
    }
    std::size_t index(std::string_view event) const {
        return static_cast<std::size_t>(
            std::distance(events.begin(), std::find(events.begin(), events.end(), event)));
    }
    bool is_over() const { return count("destroy") != 0; }
    /// The same, in alphabetical order, for what may come in any.
    std::vector<std::string> sorted() const {
        std::vector<std::string> all = events;
        std::sort(all.begin(), all.end());
        return all;
    }

private:
    static ProcessRecorder& of(void* self) { return *static_cast<ProcessRecorder*>(self); }
    ph_status happened(const std::string& event) {
        events.push_back(event);
        return on ? on(event) : PH_OK;
    }

    ph_subprocess_ops ops_{};
};

/// One process, and who is told of it.
struct Scene {
    SubprocessTransport& start(const ProcessPlan& plan,
                               const StandardStreams& streams = {},
                               const TransportSettings& settings = {},
                               const std::shared_ptr<void>& factory = nullptr) {
        auto launched =
            SubprocessTransport::launch(rig.loop, plan, streams, settings, rig.owner(), factory);
        if (!launched) {
            throw std::runtime_error(base::to_string(base::Errors(launched.error()).front()));
        }
        transport = launched->get();
        rig.adopt(std::move(*launched));
        transport->start(recorder.proto());
        return *transport;
    }
    StreamTransport& pipe(int fd) {
        const auto reference = std::bit_cast<ph_ref>(transport->get_pipe_transport(fd));
        return dynamic_cast<StreamTransport&>(*rig.loop.references().find(reference));
    }
    ph_status write(std::string_view text) { return pipe(0).write(text.data(), text.size()); }
    void run_until(std::string_view event) {
        rig.run_until([&] { return recorder.count(event) != 0; });
    }
    void run_to_the_end() { run_until("destroy"); }
    /// What get_returncode says in process_exited.
    int returncode() const {
        std::int32_t code = 1234;
        EXPECT_EQ(transport->get_returncode(code), PH_OK);
        return code;
    }
    void on(std::string_view event, const std::function<void()>& what) {
        recorder.on = [event = std::string(event), what](std::string_view happened) {
            if (happened == event) what();
            return ph_status{PH_OK};
        };
    }

    ProcessRecorder recorder;
    /// For tests in which another one takes over: it outlives the rig.
    ProcessRecorder next;
    Rig rig;
    SubprocessTransport* transport = nullptr;
};

}  // namespace protohost::net::testing
