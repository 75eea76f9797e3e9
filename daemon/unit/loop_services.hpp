// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/tls_context.hpp"
#include "daemon/unit/binding.hpp"
#include "daemon/unit/client_context.hpp"
#include "daemon/unit/connections.hpp"
#include "daemon/unit/handshakes.hpp"
#include "daemon/unit/open_request.hpp"
#include "daemon/unit/process_request.hpp"
#include "daemon/unit/shared.hpp"
#include "daemon/unit/unit_log.hpp"

#include <protohost/abi.h>

namespace protohost::unit {

class Operation;
class Server;

/// What the event loop does for the plugin of one unit, under asyncio's names. What it opens is the
/// unit's. All [loop].
///
/// Each operation completes exactly once, never from inside the call that began or cancelled it.
class LoopServices {
public:
    /// `spec`, `connections` and `tls` outlive this. `became_idle` is called when the last
    /// operation ended after close().
    LoopServices(const Shared& shared,
                 const model::UnitSpec& spec,
                 std::string title,
                 Connections& connections,
                 const net::TlsContext::Pointer& tls,
                 std::shared_ptr<Binding> binding,
                 std::function<void()> became_idle);
    ~LoopServices();
    LoopServices(const LoopServices&) = delete;
    LoopServices& operator=(const LoopServices&) = delete;

    /// From here on the plugin finds them in its context, and may ask.
    void open();
    /// Ends accepting; everything else goes on.
    void close_servers();
    /// It does no more; servers are closed, and what is under way is cancelled, except for files
    /// that are being sent: they end with their connections.
    void close();
    /// Cancels those too.
    void cancel_all();
    bool idle() const;

    /// Which addresses a call takes.
    enum class Family { tcp, unix };

    ph_op create_server(const ph_open& open, ph_serving done, Family family);
    ph_op create_connection(const ph_open& open, ph_opened done, Family family);
    ph_op connect_accepted_socket(const ph_open& open, ph_opened done);
    ph_op create_datagram_endpoint(const ph_open& open, ph_opened done);
    ph_op connect_read_pipe(const ph_open& open, ph_opened done);
    ph_op connect_write_pipe(const ph_open& open, ph_opened done);
    ph_op subprocess(const ph_open& open,
                     const ph_process& process,
                     ph_opened done,
                     ProcessRequest::How how);
    ph_op sendfile(ph_transport* transport,
                   int descriptor,
                   std::uint64_t offset,
                   std::uint64_t count,
                   ph_sent done,
                   void* arg);
    ph_op run_in_executor(ph_fn work, ph_fn done, void* arg);
    ph_op start_tls(ph_transport* transport, const ph_tls_start& start, ph_opened done, void* arg);

    /// PH_E_INVAL: it has completed, or never was.
    ph_status cancel(ph_op op);
    /// Whether `op` is one of these services', and not of ScheduledCalls.
    static bool owns(ph_op op) { return (op & mark) != 0; }

    /// Where its servers listen.
    std::vector<std::string> addresses() const;

    /// nullptr for one that is closed or never was.
    Server* find(ph_server* server) const;

    // For what it has under way.
    const Shared& shared() const { return shared_; }
    /// The unit's, but for what belongs to the one socket that its definition names: the address
    /// that it is bound to, and the groups that it joins.
    model::SocketSettings socket_settings() const;
    /// Until opening it is given up.
    std::chrono::nanoseconds patience(const OpenRequest& request) const {
        return request.timeout.count() != 0 ? request.timeout : spec_.timeouts.connect;
    }
    const std::string& title() const { return log_.title(); }
    const UnitLog& log() const { return log_; }
    /// The unit's, if that is its role, or else client_context(), nullptr as long as that is being
    /// made. Whom a server shows itself as, somebody has to have said.
    base::Result<net::TlsContext::Pointer> tls_context(net::TlsContext::Role role);
    ClientContext& client_context() { return client_context_; }
    Handshakes& handshakes() { return handshakes_; }
    Connections& connections() { return connections_; }
    const std::shared_ptr<Binding>& binding() const { return binding_; }
    /// An operation has completed: it is destroyed in here.
    void ended(ph_op op);
    ph_server* add(std::unique_ptr<Server> server);
    /// A server that was closed is destroyed in here.
    void ended(const Server& server);

private:
    /// Tells the numbers of operations here from those of ScheduledCalls.
    static constexpr ph_op mark = ph_op{1} << 63;

    template <class What, class... Args>
    ph_op begin(Args&&... args);
    void check_idle();

    const Shared shared_;
    const model::UnitSpec& spec_;
    const UnitLog log_;
    Connections& connections_;
    const net::TlsContext::Pointer& tls_;
    ClientContext client_context_;
    const std::shared_ptr<Binding> binding_;
    Handshakes handshakes_;
    std::function<void()> became_idle_;
    std::map<ph_op, std::unique_ptr<Operation>> operations_;
    std::map<std::uint64_t, std::unique_ptr<Server>> servers_;
    std::uint64_t last_ = 0;
    bool closed_ = true;
};

}  // namespace protohost::unit
