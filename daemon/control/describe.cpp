// SPDX-License-Identifier: MIT
#include "daemon/control/describe.hpp"

#include <chrono>

#include "daemon/base/format.hpp"
#include "daemon/base/timestamp.hpp"
#include "daemon/control/message.hpp"

namespace protohost::control {

using base::Json;

namespace {

double milliseconds(std::chrono::nanoseconds duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

Json to_json(const std::vector<supervisor::UnitId>& units) {
    Json list = Json::array();
    for (const auto& unit : units) list.push_back(supervisor::to_string(unit));
    return list;
}

Json to_json(const supervisor::Change& change) {
    Json list = Json::array();
    if (change.moved) list.push_back("moved");
    if (change.restarted) list.push_back("restarted");
    if (change.factory) list.push_back("factory");
    if (change.tls) list.push_back("tls");
    if (change.retuned) list.push_back("retuned");
    return list;
}

Json to_json(const unit::ProcessSnapshot& process) {
    return {{"pid", process.pid},
            {"age_seconds", process.age.count()},
            {"starts", process.starts},
            {"last_exit", process.last_exit},
            {"status", process.status},
            {"dropped_lines", process.dropped_lines},
            {"waits_for", process.waits_for}};
}

}  // namespace

Json to_json(const supervisor::ReloadRecord& record) {
    Json changed = Json::array();
    for (const auto& unit : record.plan.changed) {
        changed.push_back(
            {{"unit", supervisor::to_string(unit.unit)}, {"change", to_json(unit.change)}});
    }
    Json described;
    described["number"] = record.number;
    described["began"] = base::timestamp(record.began);
    described["took_ms"] = milliseconds(record.took);
    described["commit_ms"] = milliseconds(record.commit);
    described["asked_by"] = record.asked_by;
    described["verdict"] = supervisor::to_string(record.verdict);
    described["added"] = to_json(record.plan.added);
    described["changed"] = std::move(changed);
    described["removed"] = to_json(record.plan.removed);
    described["unchanged"] = record.plan.unchanged.size();
    described["restart"] = record.plan.restart;
    described["errors"] = to_json(record.errors);
    return described;
}

Json to_json(const unit::UnitSnapshot& unit) {
    Json described;
    described["kind"] = unit.section == "listeners"   ? "listener"
                        : unit.section == "endpoints" ? "endpoint"
                                                      : "subprocess";
    described["name"] = unit.name;
    described["state"] = unit.state;
    described["addresses"] = unit.addresses;
    described["plugin_addresses"] = unit.plugin_addresses;
    described["protocol"] = unit.protocol;
    described["generation"] = unit.generation;
    described["connections"] = {{"open", unit.connections},
                                {"old_generation", unit.old_connections},
                                {"opened", unit.opened},
                                {"refused", unit.refused},
                                {"failed", unit.failed}};
    described["bytes"] = {{"received", unit.received}, {"sent", unit.sent}};
    if (!unit.failed_handshakes.empty()) {
        described["failed_handshakes"] = unit.failed_handshakes;
    }
    described["last_error"] = unit.last_error;
    described["next_attempt_ms"] = unit.next_attempt.count();
    if (unit.process) described["process"] = to_json(*unit.process);
    return described;
}

Json to_json(const unit::ConnectionSnapshot& connection) {
    Json described;
    described["id"] = connection.id;
    described["unit"] = connection.unit;
    described["role"] = connection.role;
    described["peer"] = connection.peer;
    described["state"] = connection.state;
    described["generation"] = connection.generation;
    described["age_seconds"] = connection.age.count();
    described["bytes"] = {{"received", connection.received}, {"sent", connection.sent}};
    described["write_buffer"] = connection.write_buffer;
    described["reading"] = connection.reading;
    described["reading_paused"] = connection.reading_paused;
    described["writing_paused"] = connection.writing_paused;
    return described;
}

Json to_json(const unit::GenerationStatus& generation) {
    Json holders = Json::array();
    for (const auto& holder : generation.holders) {
        holders.push_back({{"unit", holder.unit}, {"references", holder.references}});
    }
    Json described;
    described["plugin"] = generation.plugin;
    described["generation"] = generation.number;
    described["state"] = unit::to_string(generation.state);
    described["since"] = base::timestamp(generation.since);
    described["version"] = generation.version;
    described["build_id"] = generation.build_id;
    described["sha256"] = generation.sha256;
    described["source"] = generation.source;
    described["mapped_bytes"] = generation.mapped_bytes;
    described["reason"] = generation.reason;
    described["holders"] = std::move(holders);
    return described;
}

Json to_json(const supervisor::CertificateStatus& certificate) {
    using std::chrono::days;
    const auto left = certificate.facts.not_after - std::chrono::system_clock::now();
    Json described;
    described["unit"] = certificate.unit;
    described["file"] = certificate.facts.file;
    described["subject"] = certificate.facts.subject;
    described["issuer"] = certificate.facts.issuer;
    described["names"] = certificate.facts.names;
    described["key"] = certificate.facts.key;
    described["sha256"] = certificate.facts.fingerprint;
    described["not_before"] = base::timestamp(certificate.facts.not_before);
    described["not_after"] = base::timestamp(certificate.facts.not_after);
    described["days_left"] = std::chrono::floor<days>(left).count();
    described["generation"] = certificate.generation;
    described["problem"] = certificate.problem;
    return described;
}

Json to_json(const supervisor::Snapshot& snapshot) {
    const auto uptime = std::chrono::system_clock::now() - snapshot.started;
    Json described;
    described["daemon"] = {
        {"version", snapshot.version},
        {"abi", base::format("{}.{}", snapshot.abi_major, snapshot.abi_minor)},
        {"pid", snapshot.pid},
        {"state", snapshot.state},
        {"started", base::timestamp(snapshot.started)},
        {"uptime_seconds", std::chrono::floor<std::chrono::seconds>(uptime).count()}};
    described["configuration"] = {{"file", snapshot.configuration_file},
                                  {"generation", snapshot.configuration_generation},
                                  {"sha256", snapshot.configuration_hash},
                                  {"restart_pending", snapshot.restart_pending}};
    described["reloads"] = {{"applied", snapshot.reloads_applied},
                            {"unchanged", snapshot.reloads_unchanged},
                            {"rejected", snapshot.reloads_rejected},
                            {"last", to_json(snapshot.reloads)}};
    described["memory"] = {
        {"write_buffers",
         {{"used", snapshot.write_buffers_used}, {"limit", snapshot.write_buffers_limit}}}};
    described["units"] = to_json(snapshot.units);
    return described;
}

}  // namespace protohost::control
