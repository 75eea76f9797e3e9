// SPDX-License-Identifier: MIT
#include "daemon/net/subprocess_transport.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <unistd.h>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/net/orphan_watch.hpp"
#include "daemon/net/spawn_error.hpp"
#include "daemon/net/write_queue.hpp"

namespace protohost::net {

namespace {

/// A pipe that is silent is as good as any other.
TransportSettings pipe_settings(const TransportSettings& settings) {
    TransportSettings of_pipe = settings;
    of_pipe.idle = {};
    return of_pipe;
}

base::Errors cannot_start(const std::string& program, int error) {
    return base::failure({},
                         base::format("cannot start {}: {}", program, std::strerror(error)),
                         error == EMFILE ? "the daemon has no descriptors left (LimitNOFILE=)" : "",
                         error);
}

}  // namespace

base::Result<std::unique_ptr<SubprocessTransport>> SubprocessTransport::launch(
    Loop& loop,
    ProcessPlan plan,
    const StandardStreams& streams,
    const TransportSettings& settings,
    TransportOwner& owner,
    const std::shared_ptr<void>& factory) {
    if (std::string fault = fault_in(plan); !fault.empty()) return base::failure({}, fault);
    const std::string& program = program_of(plan);
    auto opened = OpenedStreams::open(streams);
    if (!opened) return cannot_start(program, base::Errors(opened.error()).front().os_errno);
    opened->put_into(plan);
    if (OrphanWatch* const watch = loop.orphan_watch(); watch != nullptr) watch->begin();
    auto process = spawn(plan);
    if (!process) return process.error();
    std::unique_ptr<SubprocessTransport> launched(
        new SubprocessTransport(loop, std::move(*process), program, settings, owner, factory));
    if (const int error = launched->watch(); error != 0) return cannot_start(program, error);
    launched->connect(std::move(*opened), settings, factory);
    return launched;
}

SubprocessTransport::SubprocessTransport(Loop& loop,
                                         SpawnedProcess process,
                                         std::string name,
                                         const TransportSettings& settings,
                                         TransportOwner& owner,
                                         std::shared_ptr<void> factory)
    : ProtocolTransport(loop, owner, std::move(factory), settings.write_buffer),
      process_(std::move(process)),
      name_(std::move(name)),
      pipes_patience_(settings.pipes),
      stop_signal_(settings.stop_signal),
      pipes_deadline_(loop) {}

SubprocessTransport::~SubprocessTransport() {
    unwatch();
    // Before the pipes, whose queues are the plugin's.
    remove_reference();
}

void SubprocessTransport::connect(OpenedStreams streams,
                                  const TransportSettings& settings,
                                  const std::shared_ptr<void>& factory) {
    terminal_ = streams.has_terminal();
    for (std::size_t i = 0; i < pipes_.size(); ++i) {
        if (!streams.ours[i]) continue;
        pipes_[i] = std::make_unique<ProcessPipe>(loop_,
                                                  static_cast<ProcessPipe::Owner&>(*this),
                                                  static_cast<int>(i),
                                                  std::move(streams.ours[i]),
                                                  pipe_settings(settings),
                                                  factory);
    }
}

int SubprocessTransport::watch() {
    const int error = loop_.set().change(process_.handle(), 0, EPOLLIN, *this);
    watched_ = error == 0;
    return error;
}

void SubprocessTransport::unwatch() {
    if (std::exchange(watched_, false)) loop_.set().change(process_.handle(), EPOLLIN, 0, *this);
}

template <class F>
void SubprocessTransport::each_pipe(F&& function) {
    for (const auto& pipe : pipes_) {
        if (pipe != nullptr && pipe->transport() != nullptr) function(*pipe->transport());
    }
}

void SubprocessTransport::start(ph_proto protocol) {
    // On hand_over() they have begun already.
    if (!started_) {
        for (const auto& pipe : pipes_) {
            if (pipe != nullptr) pipe->start();
        }
    }
    ProtocolTransport::start(protocol);
}

void SubprocessTransport::drain(std::uint64_t deadline) {
    const auto ask = PH_HAS(&ops(), drain_requested) ? ops().drain_requested : nullptr;
    if (!finishes_by_itself(ask, deadline)) send_signal(stop_signal_, SignalTo::group);
}

void SubprocessTransport::close() {
    if (closing_) return;
    closing_ = true;
    each_pipe([](StreamTransport& pipe) { pipe.close(); });
    process_.send_signal(SIGKILL);  // which does nothing to one that has exited
}

void SubprocessTransport::abort() {
    closing_ = true;
    process_.send_signal(SIGKILL);
    process_.signal_group(SIGKILL);
    each_pipe([](StreamTransport& pipe) { pipe.abort(); });
}

void SubprocessTransport::lose(std::unique_ptr<Loss> loss) {
    loss_ = std::move(loss);
    abort();
}

void SubprocessTransport::retune(const TransportSettings& settings) {
    pipes_patience_ = settings.pipes;
    stop_signal_ = settings.stop_signal;
    each_pipe([&](StreamTransport& pipe) { pipe.retune(pipe_settings(settings)); });
    ProtocolTransport::retune(settings);
    if (exit()) limit_pipes();
}

void SubprocessTransport::forget_settings() {
    ProtocolTransport::forget_settings();
    for (const auto& pipe : pipes_) {
        if (pipe != nullptr) pipe->hand_over(shared_factory());
    }
}

void SubprocessTransport::on_events(std::uint32_t) {
    if (!process_.collect()) return;
    unwatch();
    if (PH_HAS(&ops(), process_exited)) call("process_exited", ops().process_exited);
    end_terminal_input();
    limit_pipes();
    check_finished();
    owner_.process_exited(*this);
}

void SubprocessTransport::limit_pipes() {
    if (lost_ || pipes_patience_.count() == 0) return pipes_deadline_.cancel();
    pipes_deadline_.start(pipes_patience_,
                          [this] { each_pipe([](StreamTransport& pipe) { pipe.abort(); }); });
}

void SubprocessTransport::end_terminal_input() {
    if (!terminal_ || !exit() || pipes_[STDIN_FILENO] == nullptr) return;
    // As long as somebody has it open, what it shows has no end.
    const auto& shown = pipes_[STDOUT_FILENO];
    if (shown != nullptr && shown->transport() != nullptr) return;
    if (auto* const input = pipes_[STDIN_FILENO]->transport(); input != nullptr) input->abort();
}

void SubprocessTransport::pipe_data_received(int fd, const void* data, std::size_t size) {
    if (!PH_HAS(&ops(), pipe_data_received)) return;
    call("pipe_data_received",
         [&](void* self) { return ops().pipe_data_received(self, fd, data, size); });
}

void SubprocessTransport::pipe_connection_lost(int fd, const ph_error* why) {
    // How the kernel says that nobody has a terminal open any more.
    if (terminal_ && why != nullptr && why->os_errno == EIO) why = nullptr;
    if (!PH_HAS(&ops(), pipe_connection_lost)) return;
    call("pipe_connection_lost",
         [&](void* self) { return ops().pipe_connection_lost(self, fd, why); });
}

std::string SubprocessTransport::pipe_name_of(std::string_view callback) const {
    return owner_.name_of(*this, "pipe_" + std::string(callback));
}

void SubprocessTransport::pipe_ended(int) {
    end_terminal_input();
    check_finished();
}

void SubprocessTransport::check_finished() {
    bool ended = exit().has_value();
    each_pipe([&](const StreamTransport&) { ended = false; });
    if (!ended || lost_) return;
    lost_ = true;
    pipes_deadline_.cancel();
    loop_.call_soon(*this);
}

ph_transport* SubprocessTransport::get_pipe_transport(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    return index < pipes_.size() && pipes_[index] != nullptr ? pipes_[index]->handle() : nullptr;
}

ph_status SubprocessTransport::get_returncode(std::int32_t& code) const {
    if (!exit()) return PH_E_AGAIN;
    if (exit()->how == ProcessExit::How::unknown) return PH_E_FAIL;
    code = exit()->how == ProcessExit::How::killed ? -exit()->number : exit()->number;
    return PH_OK;
}

ph_status SubprocessTransport::send_signal(int signal, SignalTo to) {
    const bool one = to == SignalTo::process;
    const int error = one ? process_.send_signal(signal) : process_.signal_group(signal);
    if (error == 0) return PH_OK;
    if (error == ESRCH) return PH_E_CLOSED;
    return error == EINVAL ? PH_E_INVAL : PH_E_OS;
}

ph_status SubprocessTransport::write_owned(ph_iov, ph_fn release, void* arg) {
    WriteQueue::give_back(release, arg);
    return PH_E_UNSUPPORTED;
}

std::size_t SubprocessTransport::get_write_buffer_size() {
    auto* const input = pipes_[0] != nullptr ? pipes_[0]->transport() : nullptr;
    return input != nullptr ? input->get_write_buffer_size() : 0;
}

bool SubprocessTransport::is_output_paused() const {
    for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
        const auto& pipe = pipes_[static_cast<std::size_t>(fd)];
        if (pipe == nullptr || pipe->transport() == nullptr) continue;
        if (!pipe->transport()->is_closing() && !pipe->transport()->is_reading()) return true;
    }
    return false;
}

std::size_t SubprocessTransport::waiting() const {
    auto* const input = pipes_[0] != nullptr ? pipes_[0]->transport() : nullptr;
    return input != nullptr && input->is_writing_paused() ? input->get_write_buffer_size() : 0;
}

Traffic SubprocessTransport::traffic() const {
    Traffic all;
    for (const auto& pipe : pipes_) {
        if (pipe == nullptr) continue;
        const Traffic some = pipe->traffic();
        all.received += some.received;
        all.sent += some.sent;
        all.dropped += some.dropped;
    }
    return all;
}

ph_status SubprocessTransport::get_extra_info(std::string_view name, ph_info& info) {
    if (name != "subprocess") return PH_E_UNSUPPORTED;
    std::string& text = loop_.info_scratch().text;
    text = std::to_string(process_.id());
    info.kind = PH_INFO_DESCRIPTOR;
    info.number = process_.handle();
    info.text = {text.data(), text.size()};
    return PH_OK;
}

std::string SubprocessTransport::peer_text() const {
    return base::format("{} (pid {})", name_, process_.id());
}

}  // namespace protohost::net
