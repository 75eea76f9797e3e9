// SPDX-License-Identifier: MIT
#include "daemon/unit/loop_services.hpp"

#include <bit>
#include <string>
#include <utility>
#include <vector>

#include "daemon/net/executor.hpp"
#include "daemon/unit/opening.hpp"
#include "daemon/unit/process_opening.hpp"
#include "daemon/unit/server.hpp"
#include "daemon/unit/server_opening.hpp"
#include "daemon/unit/tls_starting.hpp"
#include "daemon/unit/work.hpp"

namespace protohost::unit {

LoopServices::LoopServices(const Shared& shared,
                           const model::UnitSpec& spec,
                           std::string title,
                           Connections& connections,
                           const net::TlsContext::Pointer& tls,
                           std::shared_ptr<Binding> binding,
                           std::function<void()> became_idle)
    : shared_(shared),
      spec_(spec),
      log_(std::move(title)),
      connections_(connections),
      tls_(tls),
      client_context_(shared.executor, log_.title()),
      binding_(std::move(binding)),
      handshakes_(shared.loop, connections.tls_failures()),
      became_idle_(std::move(became_idle)) {}

LoopServices::~LoopServices() {
    closed_ = true;
    binding_->context().services = nullptr;
    became_idle_ = nullptr;
    // Its code and its argument must not go under running work.
    shared_.executor.finish(this);
    for (auto& [op, operation] : std::exchange(operations_, {})) operation->abandon();
    servers_.clear();
}

void LoopServices::open() {
    closed_ = false;
    binding_->context().services = this;
}

void LoopServices::close_servers() {
    for (auto& [id, server] : servers_) server->close();
}

void LoopServices::close() {
    closed_ = true;
    binding_->context().services = nullptr;
    close_servers();
    for (auto& [op, operation] : operations_) operation->services_closed();
}

void LoopServices::cancel_all() {
    for (auto& [op, operation] : operations_) operation->cancel();
}

bool LoopServices::idle() const {
    return operations_.empty() && servers_.empty();
}

void LoopServices::check_idle() {
    if (closed_ && idle() && became_idle_) became_idle_();
}

model::SocketSettings LoopServices::socket_settings() const {
    model::SocketSettings settings = spec_.socket;
    settings.local.reset();
    settings.multicast.clear();
    settings.places = {};
    return settings;
}

template <class What, class... Args>
ph_op LoopServices::begin(Args&&... args) {
    const ph_op op = mark | ++last_;
    Operation& operation =
        *operations_.emplace(op, std::make_unique<What>(*this, op, std::forward<Args>(args)...))
             .first->second;
    operation.begin();
    return op;
}

void LoopServices::ended(ph_op op) {
    // What its end calls may ask for more: it is no longer here then.
    const auto operation = operations_.extract(op);
    check_idle();
}

ph_op LoopServices::create_server(const ph_open& open, ph_serving done, Family family) {
    return begin<ServerOpening>(OpenRequest(binding_->context(), open), done, family);
}

ph_op LoopServices::create_connection(const ph_open& open, ph_opened done, Family family) {
    return begin<StreamOpening>(
        OpenRequest(binding_->context(), open),
        done,
        family == Family::tcp ? StreamOpening::Source::tcp : StreamOpening::Source::unix);
}

ph_op LoopServices::connect_accepted_socket(const ph_open& open, ph_opened done) {
    return begin<StreamOpening>(
        OpenRequest(binding_->context(), open), done, StreamOpening::Source::accepted);
}

ph_op LoopServices::create_datagram_endpoint(const ph_open& open, ph_opened done) {
    return begin<DatagramOpening>(OpenRequest(binding_->context(), open), done);
}

ph_op LoopServices::connect_read_pipe(const ph_open& open, ph_opened done) {
    return begin<PipeOpening>(
        OpenRequest(binding_->context(), open), done, PipeOpening::Direction::read);
}

ph_op LoopServices::connect_write_pipe(const ph_open& open, ph_opened done) {
    return begin<PipeOpening>(
        OpenRequest(binding_->context(), open), done, PipeOpening::Direction::write);
}

ph_op LoopServices::subprocess(const ph_open& open,
                               const ph_process& process,
                               ph_opened done,
                               ProcessRequest::How how) {
    return begin<ProcessOpening>(
        OpenRequest::without_place(binding_->context(), open), done, ProcessRequest(process, how));
}

ph_op LoopServices::sendfile(ph_transport* transport,
                             int descriptor,
                             std::uint64_t offset,
                             std::uint64_t count,
                             ph_sent done,
                             void* arg) {
    return begin<Sending>(transport, Sending::Source{descriptor, offset, count}, done, arg);
}

ph_op LoopServices::run_in_executor(ph_fn work, ph_fn done, void* arg) {
    return begin<Work>(work, done, arg);
}

ph_op LoopServices::start_tls(ph_transport* transport,
                              const ph_tls_start& start,
                              ph_opened done,
                              void* arg) {
    return begin<TlsStarting>(transport, start, done, arg);
}

base::Result<net::TlsContext::Pointer> LoopServices::tls_context(net::TlsContext::Role role) {
    if (tls_ != nullptr && tls_->role() == role) return tls_;
    if (role == net::TlsContext::Role::server) {
        return base::failure(
            title(), "it has no certificates to begin TLS with", "give it a tls: section");
    }
    return client_context_.get();
}

ph_status LoopServices::cancel(ph_op op) {
    const auto found = operations_.find(op);
    return found != operations_.end() && found->second->cancel() ? PH_OK : PH_E_INVAL;
}

ph_server* LoopServices::add(std::unique_ptr<Server> server) {
    const std::uint64_t id = ++last_;
    servers_.emplace(id, std::move(server));
    return std::bit_cast<ph_server*>(id);
}

Server* LoopServices::find(ph_server* server) const {
    const auto found = servers_.find(std::bit_cast<std::uint64_t>(server));
    return found != servers_.end() ? found->second.get() : nullptr;
}

std::vector<std::string> LoopServices::addresses() const {
    std::vector<std::string> all;
    for (const auto& [handle, server] : servers_) {
        for (const auto& acceptor : server->acceptors()) all.push_back(acceptor->local().uri());
    }
    return all;
}

void LoopServices::ended(const Server& server) {
    std::erase_if(servers_, [&](const auto& entry) { return entry.second.get() == &server; });
    check_idle();
}

}  // namespace protohost::unit
