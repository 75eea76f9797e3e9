// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/error.hpp"
#include "daemon/net/child_process.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/process_pipe.hpp"
#include "daemon/net/process_plan.hpp"
#include "daemon/net/protocol_transport.hpp"
#include "daemon/net/standard_streams.hpp"
#include "daemon/net/timer.hpp"
#include "daemon/net/transport.hpp"

#include <protohost/abi.h>

namespace protohost::net {

/// asyncio's SubprocessTransport: a process, and the pipes to it.
///
///     running --its exit--> exited (its pipes go on) --their end--> connection_lost
///
/// What a callback throws is told to the owner; neither the process nor its pipes end for it.
class SubprocessTransport final : public ProtocolTransport,
                                  private ProcessPipe::Owner,
                                  private Task {
public:
    /// Starts the process. Its plan need not say anything of descriptors 0, 1 and 2. `factory`
    /// lives as long as this does: it is what holds the protocol's code.
    static base::Result<std::unique_ptr<SubprocessTransport>> launch(
        Loop& loop,
        ProcessPlan plan,
        const StandardStreams& streams,
        const TransportSettings& settings,
        TransportOwner& owner,
        const std::shared_ptr<void>& factory);
    ~SubprocessTransport() override;

    void start(ph_proto protocol) override;
    /// The stop signal to its process group, where the protocol does not finish by itself.
    void drain(std::uint64_t deadline) override;
    /// Its pipes are closed, and it is killed if it still runs.
    void close() override;
    /// Its whole process group is killed.
    void abort() override;
    void retune(const TransportSettings& settings) override;
    ph_status get_extra_info(std::string_view name, ph_info& info) override;

    pid_t get_pid() const override { return process_.id(); }
    ph_transport* get_pipe_transport(int fd) override;
    ph_status get_returncode(std::int32_t& code) const override;
    ph_status send_signal(int signal, SignalTo to) override;
    /// nullopt while it runs.
    const std::optional<ProcessExit>& exit() const { return process_.exit(); }

    Traffic traffic() const override;
    /// Of its standard input.
    std::size_t get_write_buffer_size() override;

    /// Whether one of its pipes is not read at the moment, because whoever is told wants it so.
    bool is_output_paused() const;

    // Its pipes have these.
    void pause_reading() override {}
    void resume_reading() override {}
    bool is_reading() const override { return false; }
    ph_status write(const void*, std::size_t) override { return PH_E_UNSUPPORTED; }
    ph_status writelines(const ph_iov*, std::size_t) override { return PH_E_UNSUPPORTED; }
    ph_status write_owned(ph_iov data, ph_fn release, void* arg) override;
    ph_status write_eof() override { return PH_E_UNSUPPORTED; }
    bool can_write_eof() const override { return false; }
    ph_status set_write_buffer_limits(std::int64_t, std::int64_t) override {
        return PH_E_UNSUPPORTED;
    }
    void get_write_buffer_limits(std::size_t&, std::size_t&) const override {}

    /// "git (pid 4711)".
    std::string peer_text() const override;

private:
    SubprocessTransport(Loop& loop,
                        SpawnedProcess process,
                        std::string name,
                        const TransportSettings& settings,
                        TransportOwner& owner,
                        std::shared_ptr<void> factory);

    void connect(OpenedStreams streams,
                 const TransportSettings& settings,
                 const std::shared_ptr<void>& factory);
    /// 0 or an errno.
    int watch();
    void unwatch();

    void on_events(std::uint32_t events) override;  ///< it has exited
    void run() override { end(); }                  ///< the scheduled end

    void pipe_data_received(int fd, const void* data, std::size_t size) override;
    void pipe_connection_lost(int fd, const ph_error* why) override;
    void pipe_writing_paused(bool paused) override { paused ? tell_pause() : resumed(); }
    void pipe_limit_reached(std::size_t refused, WriteLimit limit) override {
        owner_.limit_reached(*this, refused, limit);
    }
    void pipe_timed_out(std::string_view text) override { owner_.timed_out(*this, text); }
    void pipe_ended(int fd) override;
    std::string pipe_name_of(std::string_view callback) const override;

    void resumed() {
        if (is_writing_paused()) tell_resume();
    }
    template <class F>
    void each_pipe(F&& function);
    /// A terminal has no end of its own for what is written to it.
    void end_terminal_input();
    /// Others that hold its pipes have only so long.
    void limit_pipes();
    void check_finished();

    bool suits(ph_proto next) const override { return next.ops->kind == PH_SUBPROCESS; }
    void callback_failed(std::string_view callback, ph_status) override {
        report_failure(callback);
    }
    std::size_t waiting() const override;
    void forget_settings() override;
    void sync_interest() override {}
    void lose(std::unique_ptr<Loss> loss) override;
    void close_descriptor() override { process_.reap(); }

    const ph_subprocess_ops& ops() const {
        return *reinterpret_cast<const ph_subprocess_ops*>(protocol_.ops);
    }

    ChildProcess process_;
    const std::string name_;
    std::array<std::unique_ptr<ProcessPipe>, 3> pipes_;
    std::chrono::nanoseconds pipes_patience_;
    int stop_signal_;
    Timer pipes_deadline_;
    bool watched_ = false;
    bool terminal_ = false;
};

}  // namespace protohost::net
