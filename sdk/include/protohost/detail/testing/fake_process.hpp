// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <protohost/abi.h>
#include <protohost/detail/testing/fake_stream.hpp>
#include <protohost/detail/testing/fake_transport.hpp>
#include <protohost/testing/values.hpp>
#include <protohost/transport.hpp>

namespace protohost::detail::testing {

using protohost::testing::ProcessSettings;

/// The transport of a process that does what the test says: it writes, reads, and ends.
class FakeProcess final : public FakeTransport {
public:
    FakeProcess(Unit& unit, const ProcessSettings& settings)
        : FakeTransport(unit, settings.write_buffer), settings_(settings) {
        set_extra_info("subprocess", std::to_string(settings.pid));
        for (int fd = 0; fd < 3; ++fd) {
            if (!settings.pipes.contains(fd)) continue;
            const Channel channel = fd == 0 ? Channel::write_pipe : Channel::read_pipe;
            Pipe& made = pipes_[index(fd)];
            made = {this,
                    fd,
                    std::make_shared<FakeStream>(
                        unit, ConnectionSettings{settings.write_buffer, {}, {}, channel})};
        }
    }

    const char* descriptor_name() const { return "subprocess"; }

    // The process itself.

    /// nullptr where that descriptor is no pipe.
    FakeStream* pipe(int fd) const {
        return fd >= 0 && fd < 3 ? pipes_[index(fd)].stream.get() : nullptr;
    }
    /// Its end of that pipe is closed.
    void close_pipe(int fd) {
        FakeStream* const stream = pipe(fd);
        if (stream == nullptr || stream->lost()) return;
        fd == 0 ? stream->break_connection(EPIPE) : stream->feed_eof();
    }
    void exit(int returncode, bool others_hold_its_pipes) {
        if (ending_ || returncode_) return;
        // As by the kernel: in a later round, after what was already told to its pipes.
        core().schedule.do_soon([self = shared_from_this(), this] { exited_ = true; });
        ending_ = returncode;
        if (others_hold_its_pipes) return;
        for (int fd = 0; fd < 3; ++fd) close_pipe(fd);
    }
    const std::vector<int>& signals() const { return signals_; }

    bool serves(ph_proto protocol) const override {
        return protocol.ops != nullptr && protocol.ops->kind == PH_SUBPROCESS &&
               PH_HAS(protocol.ops, connection_lost) && PH_HAS(protocol.ops, destroy);
    }
    void begin() override {
        for (Pipe& pipe : pipes_) {
            if (pipe.stream == nullptr) continue;
            pipe.handle = pipe.stream->handle();
            pipe.stream->start({reinterpret_cast<const ph_any_ops*>(&pipe_ops), &pipe});
        }
    }
    bool poll() override {
        if (!started_ || !exited_ || !ending_ || lost_) return false;
        returncode_ = std::exchange(ending_, std::nullopt);
        if (PH_HAS(&ops(), process_exited)) call("process_exited", ops().process_exited);
        check_finished();
        return true;
    }

    void close() override {
        if (std::exchange(closing_, true)) return;
        each_pipe([](FakeStream& stream) { stream.close(); });
        signalled(SIGKILL);
    }
    void abort() override {
        closing_ = true;
        signalled(SIGKILL);
        each_pipe([](FakeStream& stream) { stream.abort(); });
    }
    void end_at_once() override {
        if (protocol_.ops == nullptr) return;
        exit(-SIGKILL, false);
        each_pipe([](FakeStream& stream) { stream.end_at_once(); });
        exited_ = true;
        poll();
        FakeTransport::end_at_once();
    }
    std::size_t get_write_buffer_size() const override {
        return pipe(0) != nullptr ? pipe(0)->get_write_buffer_size() : 0;
    }

    std::int64_t get_pid() const override { return settings_.pid; }
    ph_transport* get_pipe_transport(int fd) const override {
        return fd >= 0 && fd < 3 ? pipes_[index(fd)].handle : nullptr;
    }
    ph_status get_returncode(std::int32_t& code) const override {
        if (!returncode_) return PH_E_AGAIN;
        if (*returncode_ == SubprocessTransport::unknown_returncode) return PH_E_FAIL;
        code = *returncode_;
        return PH_OK;
    }
    ph_status send_signal(int signal, bool group) override {
        if (signal < 0 || signal > 64) return PH_E_INVAL;
        if (returncode_ && !group) return PH_E_CLOSED;
        signalled(signal);
        return PH_OK;
    }

private:
    struct Pipe {
        FakeProcess* process = nullptr;
        int fd = -1;
        std::shared_ptr<FakeStream> stream;
        ph_transport* handle = nullptr;
        bool ended = false;
    };

    static std::size_t index(int fd) { return static_cast<std::size_t>(fd); }
    static Pipe& pipe_of(void* self) { return *static_cast<Pipe*>(self); }

    const ph_subprocess_ops& ops() const {
        return *reinterpret_cast<const ph_subprocess_ops*>(protocol_.ops);
    }
    DrainRequested drain_requested() const override {
        return PH_HAS(&ops(), drain_requested) ? ops().drain_requested : nullptr;
    }
    void drained() override { signalled(SIGTERM); }
    void callback_failed(Loss) override {}
    bool reads() const override { return false; }
    bool writes() const override { return false; }
    std::size_t clear() override { return 0; }

    template <class F>
    void each_pipe(F&& function) {
        for (Pipe& pipe : pipes_) {
            if (pipe.stream != nullptr && !pipe.ended) function(*pipe.stream);
        }
    }
    /// What most programs do.
    void signalled(int signal) {
        if (signal == 0) return;
        signals_.push_back(signal);
        static const std::set<int> harmless{SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGSTOP, SIGTSTP};
        const bool handled = signal != SIGKILL && settings_.handled_signals.contains(signal);
        if (!handled && !harmless.contains(signal)) exit(-signal, false);
    }
    void data_received(int fd, const void* data, std::size_t size) {
        if (!PH_HAS(&ops(), pipe_data_received)) return;
        call("pipe_data_received",
             [&](void* self) { return ops().pipe_data_received(self, fd, data, size); });
    }
    void pipe_lost(Pipe& pipe, const ph_error* why) {
        pipe.ended = true;
        if (PH_HAS(&ops(), pipe_connection_lost)) {
            call("pipe_connection_lost",
                 [&](void* self) { return ops().pipe_connection_lost(self, pipe.fd, why); });
        }
        check_finished();
    }
    void check_finished() {
        bool ended = returncode_.has_value();
        each_pipe([&](FakeStream&) { ended = false; });
        if (ended) finish({});
    }

    static ph_stream_ops make_pipe_ops() {
        ph_stream_ops made{};
        made.size = sizeof made;
        made.kind = PH_STREAM;
        made.connection_made = [](void*, ph_transport*) { return ph_status{PH_OK}; };
        made.data_received = [](void* self, const void* data, std::size_t size) {
            pipe_of(self).process->data_received(pipe_of(self).fd, data, size);
            return ph_status{PH_OK};
        };
        made.connection_lost = [](void* self, const ph_error* why) {
            pipe_of(self).process->pipe_lost(pipe_of(self), why);
            return ph_status{PH_OK};
        };
        made.pause_writing = [](void* self) {
            pipe_of(self).process->tell_pause();
            return ph_status{PH_OK};
        };
        made.resume_writing = [](void* self) {
            pipe_of(self).process->tell_resume();
            return ph_status{PH_OK};
        };
        made.destroy = [](void*) {};
        return made;
    }
    static inline const ph_stream_ops pipe_ops = make_pipe_ops();

    const ProcessSettings settings_;
    std::array<Pipe, 3> pipes_;
    std::optional<int> ending_;      ///< it exits, and nobody was told yet
    bool exited_ = false;            ///< the kernel says so
    std::optional<int> returncode_;  ///< nullopt while it runs
    std::vector<int> signals_;
};

}  // namespace protohost::detail::testing
