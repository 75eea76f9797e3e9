// SPDX-License-Identifier: MIT
#include "daemon/supervisor/snapshot.hpp"

#include <unistd.h>

#include "daemon/base/version.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/supervisor/supervisor.hpp"

namespace protohost::supervisor {

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::applied:
            return "applied";
        case Verdict::unchanged:
            return "unchanged";
        case Verdict::rejected:
            break;
    }
    return "rejected";
}

Supervisor::Totals Supervisor::totals() const {
    Totals totals{units_.size(), 0, {}};
    for (const auto& [name, unit] : units_) {
        totals.connections += unit->connections();
        if (totals.awaited.empty() && !unit->ready()) totals.awaited = unit->title();
    }
    for (const auto& unit : leaving_) totals.connections += unit->connections();
    return totals;
}

Snapshot Supervisor::snapshot() {
    Snapshot taken;
    taken.version = base::version;
    taken.abi_major = PH_ABI_MAJOR;
    taken.abi_minor = PH_ABI_MINOR;
    taken.pid = ::getpid();
    taken.started = started_;
    taken.state = stopped_        ? "stopping"
                  : ready_        ? "starting"
                  : jobs_.empty() ? "serving"
                                  : "reloading";
    taken.configuration_file = file_;
    taken.configuration_generation = counts_[static_cast<std::size_t>(Verdict::applied)];
    taken.configuration_hash = source_.digest;
    taken.restart_pending = restart_pending_;
    taken.reloads.assign(history_.begin(), history_.end());
    taken.reloads_applied = counts_[static_cast<std::size_t>(Verdict::applied)];
    taken.reloads_unchanged = counts_[static_cast<std::size_t>(Verdict::unchanged)];
    taken.reloads_rejected = counts_[static_cast<std::size_t>(Verdict::rejected)];
    taken.write_buffers_used = shared_.loop.write_budget().used();
    taken.write_buffers_limit = shared_.loop.write_budget().limit();
    for (const auto& [name, unit] : units_) taken.units.push_back(unit->snapshot());
    for (const auto& unit : leaving_) taken.units.push_back(unit->snapshot());
    return taken;
}

std::vector<unit::ConnectionSnapshot> Supervisor::connections() {
    std::vector<unit::ConnectionSnapshot> all;
    for (const auto& [name, unit] : units_) unit->append_connections(all);
    for (const auto& unit : leaving_) unit->append_connections(all);
    return all;
}

std::vector<CertificateStatus> Supervisor::certificates() const {
    std::vector<CertificateStatus> all;
    for (const auto& [name, context] : contexts_) {
        for (const net::TlsCertificate& facts : context->certificates()) {
            all.push_back({name, facts, context->generation(), certificates_.problem(name)});
        }
    }
    return all;
}

}  // namespace protohost::supervisor
