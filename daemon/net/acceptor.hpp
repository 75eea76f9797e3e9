// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/error.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/descriptor_reserve.hpp"
#include "daemon/net/epoll_set.hpp"
#include "daemon/net/listening_socket.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/socket_address.hpp"
#include "daemon/net/timer.hpp"

namespace protohost::net {

/// Who gets the connections of an acceptor. All [loop].
class AcceptorOwner {
public:
    virtual void accepted(base::Descriptor socket, const SocketAddress& peer) = 0;

    /// accept() failed for want of resources (an errno); clients wait in the kernel's queue.
    virtual void accepting_suspended(int os_errno) = 0;

    /// No such failure for a while, after `times` of them.
    virtual void accepting_resumed(unsigned times) = 0;

protected:
    ~AcceptorOwner() = default;
};

/// One listening socket.
///
///     bound (clients queue in the kernel) --start()--> accepting <--> suspended
class Acceptor final : public EventSink, public DescriptorReserve::Waiter, private Task {
public:
    /// Binds and listens: one acceptor for each address that a name has. Of a descriptor a copy is
    /// taken. The errors say which address and why; `where` is put before them.
    static base::Result<std::vector<std::unique_ptr<Acceptor>>> bind(
        Loop& loop,
        const model::Address& address,
        const model::SocketSettings& settings,
        const std::string& where);
    /// Of a socket that was opened elsewhere, on another thread perhaps.
    Acceptor(Loop& loop, ListeningSocket socket);
    ~Acceptor() override;

    /// Begins to accept for `owner`, which outlives this, or is replaced by another start().
    void start(AcceptorOwner& owner);

    /// Leaves clients in the kernel's queue until resume(). Both idempotent.
    void pause();
    void resume();

    /// Accepts nothing from now on, not even what the kernel has queued. Its owner may be inside an
    /// event of this: it must then be retired, not destroyed.
    void stop();

    /// Accepts who is in the kernel's queue by now, for the last time: closing the socket would
    /// reset them. Also while it is paused: they are served late rather than never.
    void accept_waiting();

    /// stop(), and the end of them when the iteration is over.
    static void retire(Loop& loop, std::vector<std::unique_ptr<Acceptor>>& acceptors);

    /// What can be changed about a socket that listens: the options that accepted connections
    /// inherit, the backlog, and mode, owner and group of a path; `former` are those that it has
    /// now. What the kernel refuses, each in a few words.
    std::vector<std::string> retune(const model::SocketSettings& settings,
                                    const model::SocketSettings& former);

    /// False: the file of its socket was removed or replaced, so that nobody finds it any more.
    bool reachable() const { return file_ == nullptr || file_->is_ours(); }

    /// Of a UNIX path that is ours; else nullptr.
    SocketFile* file() const { return file_.get(); }
    int descriptor() const { return socket_.get(); }

    /// With the port that the kernel chose, where 0 was asked for.
    const SocketAddress& local() const { return local_; }

private:
    base::Descriptor accept(SocketAddress& peer);
    void on_events(std::uint32_t events) override;
    void descriptor_free() override;
    void run() override;
    void suspend(int os_errno);
    void listen(bool on);
    void watch_recovery();

    Loop& loop_;
    std::unique_ptr<SocketFile> file_;
    base::Descriptor socket_;
    SocketAddress local_;
    AcceptorOwner* owner_ = nullptr;
    std::uint32_t interest_ = 0;
    bool paused_ = false;
    unsigned failures_ = 0;  ///< since accepting last went well for a while
    Timer retry_;
    Timer recovery_;
};

}  // namespace protohost::net
