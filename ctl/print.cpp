// SPDX-License-Identifier: MIT
#include "ctl/print.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <unistd.h>
#include <vector>

#include "daemon/base/counted.hpp"
#include "daemon/base/error.hpp"
#include "daemon/base/format.hpp"
#include "daemon/base/utf8.hpp"
#include "daemon/model/quantity.hpp"

namespace ctl {

using protohost::base::counted;
using protohost::base::format;

namespace {

using Row = std::vector<std::string>;

/// Columns as wide as they must be, two spaces apart; the first row is the head.
std::string table(const std::vector<Row>& rows) {
    std::vector<std::size_t> widths(rows.front().size());
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (const Row& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += row[i];
            if (i + 1 < row.size()) line += std::string(widths[i] - row[i].size() + 2, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

std::string text(const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string joined(const Json& list) {
    std::string all;
    for (const Json& item : list) all += (all.empty() ? "" : ", ") + text(item);
    return all.empty() ? "-" : all;
}

std::string bytes(const Json& value) {
    const auto number = value.get<std::uint64_t>();
    constexpr std::uint64_t kib = 1024;
    if (number < 10 * kib) return format("{} B", number);
    if (number < 10 * kib * kib) return format("{} KiB", number / kib);
    return format("{} MiB", number / kib / kib);
}

std::string duration(std::int64_t seconds) {
    if (seconds < 60) return format("{}s", seconds);
    if (seconds < 3600) return format("{}m{:02}s", seconds / 60, seconds % 60);
    if (seconds < 86400) return format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
    return format("{}d{:02}h", seconds / 86400, seconds / 3600 % 24);
}

/// ": 2 connections drain", where the daemon says how many.
std::string drains(const Json& record, const std::string& unit) {
    const Json drained = record.value("drained_connections", Json::object());
    if (!drained.contains(unit)) return {};
    const auto count = drained[unit].get<std::size_t>();
    return format(": {} {}", counted(count, "connection"), count == 1 ? "drains" : "drain");
}

/// As much of it as leaves room for the rest of its line.
std::string shortened(const std::string& text) {
    constexpr std::size_t most = 48;
    if (text.size() <= most) return protohost::base::printable(text);
    return protohost::base::printable(text.substr(0, most - 3)) + "...";
}

std::string protocol_of(const Json& unit) {
    const std::string name = text(unit["protocol"]);
    return name.empty() ? "-" : format("{} g{}", name, text(unit["generation"]));
}

std::string changes(const Json& record) {
    std::string what;
    const auto add = [&](const std::string& sign, const std::string& line) {
        what += "  " + sign + " " + line + "\n";
    };
    for (const Json& unit : record["added"]) add("+", text(unit));
    for (const Json& unit : record["changed"]) {
        const std::string name = text(unit["unit"]);
        add("~", name + ": " + joined(unit["change"]) + drains(record, name));
    }
    for (const Json& unit : record["removed"]) {
        add("-", text(unit) + drains(record, text(unit)));
    }
    return what;
}

}  // namespace

std::string errors_text(const Json& error) {
    std::string lines;
    for (const Json& each : error.value("errors", Json::array())) {
        const protohost::base::Error found{
            text(each["where"]), text(each["what"]), text(each["hint"])};
        lines += protohost::base::to_string(found) + "\n";
    }
    return lines;
}

std::string record_text(const Json& record, bool would) {
    const std::string verdict = text(record["verdict"]);
    std::string out;
    if (would) {
        out = verdict == "unchanged" ? "nothing would change\n" : "a reload would change:\n";
    } else {
        out = format("{} in {:.1f} ms: {} added, {} changed, {} removed, {} unchanged\n",
                     verdict,
                     record["took_ms"].get<double>(),
                     record["added"].size(),
                     record["changed"].size(),
                     record["removed"].size(),
                     text(record["unchanged"]));
    }
    out += changes(record);
    for (const Json& key : record["restart"]) {
        out += "  ! " + text(key) + " takes effect at the next start\n";
    }
    return out;
}

std::string units_text(const Json& units) {
    std::vector<Row> rows{{"UNIT", "STATE", "ADDRESS", "PROTOCOL", "OPEN", "TOTAL", "IN", "OUT"}};
    for (const Json& unit : units) {
        rows.push_back({text(unit["name"]),
                        text(unit["state"]),
                        unit.contains("process") ? shortened(joined(unit["addresses"]))
                                                 : joined(unit["addresses"]),
                        protocol_of(unit),
                        text(unit["connections"]["open"]),
                        text(unit["connections"]["opened"]),
                        bytes(unit["bytes"]["received"]),
                        bytes(unit["bytes"]["sent"])});
    }
    return table(rows);
}

std::string connections_text(const Json& connections) {
    std::vector<Row> rows{
        {"ID", "UNIT", "PEER", "STATE", "GEN", "AGE", "IN", "OUT", "WAITING", "FLOW"}};
    for (const Json& connection : connections) {
        std::string flow = connection["reading_paused"].get<bool>() ? "reading paused" : "";
        if (connection["writing_paused"].get<bool>()) {
            flow += flow.empty() ? "writing paused" : ", writing paused";
        }
        rows.push_back({text(connection["id"]),
                        text(connection["unit"]),
                        text(connection["peer"]),
                        text(connection["state"]),
                        "g" + text(connection["generation"]),
                        duration(connection["age_seconds"].get<std::int64_t>()),
                        bytes(connection["bytes"]["received"]),
                        bytes(connection["bytes"]["sent"]),
                        bytes(connection["write_buffer"]),
                        flow});
    }
    return table(rows);
}

std::string certificates_text(const Json& certificates) {
    std::vector<Row> rows{
        {"UNIT", "NAMES", "KEY", "DAYS LEFT", "NOT AFTER", "ISSUER", "GEN", "FILE"}};
    std::map<std::string, std::string> problems;
    for (const Json& certificate : certificates) {
        rows.push_back({text(certificate["unit"]),
                        shortened(joined(certificate["names"])),
                        text(certificate["key"]),
                        text(certificate["days_left"]),
                        text(certificate["not_after"]).substr(0, 10),
                        shortened(text(certificate["issuer"])),
                        "g" + text(certificate["generation"]),
                        text(certificate["file"])});
        const std::string problem = text(certificate["problem"]);
        if (!problem.empty()) problems[text(certificate["unit"])] = problem;
    }
    std::string out = table(rows);
    for (const auto& [unit, problem] : problems) {
        out += format("{} does not show what its files hold: {}\n", unit, problem);
    }
    return out;
}

std::string generations_text(const Json& generations) {
    std::vector<Row> rows{{"PLUGIN", "GEN", "STATE", "VERSION", "MAPPED", "HELD BY"}};
    for (const Json& generation : generations) {
        std::string holders;
        for (const Json& holder : generation["holders"]) {
            if (!holders.empty()) holders += ", ";
            holders += format("{} ({})", text(holder["unit"]), text(holder["references"]));
        }
        const std::string reason = text(generation["reason"]);
        rows.push_back({text(generation["plugin"]),
                        "g" + text(generation["generation"]),
                        text(generation["state"]),
                        text(generation["version"]),
                        bytes(generation["mapped_bytes"]),
                        holders.empty() ? reason : holders});
    }
    return table(rows);
}

namespace {

std::string process_text(const Json& process) {
    const auto pid = process["pid"].get<std::int64_t>();
    std::string out =
        pid == 0
            ? std::string("no process")
            : format("pid {}, since {}", pid, duration(process["age_seconds"].get<std::int64_t>()));
    out += format("; starts: {}; lines too many to be logged: {}\n",
                  text(process["starts"]),
                  text(process["dropped_lines"]));
    if (const auto& names = process["waits_for"]; !names.empty()) {
        out += "waits for " + joined(names) + "\n";
    }
    if (const std::string status = text(process["status"]); !status.empty()) {
        out += "says: " + protohost::base::printable(status) + "\n";
    }
    if (const std::string end = text(process["last_exit"]); !end.empty()) {
        out += "last end: " + end + "\n";
    }
    return out;
}

/// "failed handshakes: 3 not_tls, 1 timeout", or nothing.
std::string failed_handshakes_text(const Json& unit) {
    if (!unit.contains("failed_handshakes")) return {};
    std::string list;
    for (const auto& [reason, count] : unit["failed_handshakes"].items()) {
        list += format("{}{} {}", list.empty() ? "" : ", ", text(count), reason);
    }
    return "failed handshakes: " + list + "\n";
}

}  // namespace

std::string unit_text(const Json& unit) {
    std::string out = units_text(Json::array({unit}));
    const Json& connections = unit["connections"];
    out += format("\nof an earlier generation: {}; refused: {}; callbacks that failed: {}\n",
                  text(connections["old_generation"]),
                  text(connections["refused"]),
                  text(connections["failed"]));
    out += failed_handshakes_text(unit);
    if (const std::string error = text(unit["last_error"]); !error.empty()) {
        out += "last error: " + error + "\n";
    }
    if (!unit["plugin_addresses"].empty()) {
        out += "its plugin listens on: " + joined(unit["plugin_addresses"]) + "\n";
    }
    if (unit.contains("process")) out += process_text(unit["process"]);
    if (!unit["living"].empty()) out += "\n" + connections_text(unit["living"]);
    return out;
}

std::string tail_text(const Json& tail) {
    std::string out;
    if (const auto skipped = tail["skipped"].get<std::uint64_t>(); skipped > 0) {
        out = format("[{} not kept]\n", counted(skipped, "byte"));
    }
    const std::string written = text(tail["text"]);
    if (::isatty(STDOUT_FILENO) != 1) return out + written;
    for (std::size_t at = 0; at < written.size();) {
        const std::size_t end = std::min(written.find('\n', at), written.size());
        out += protohost::base::printable(written.substr(at, end - at));
        if (end < written.size()) out += '\n';
        at = end + 1;
    }
    return out;
}

std::string status_text(const Json& status) {
    const Json& daemon = status["daemon"];
    const Json& configuration = status["configuration"];
    const Json& reloads = status["reloads"];
    std::string out = format("protohostd {} (pid {}) is {} since {}\n",
                             text(daemon["version"]),
                             text(daemon["pid"]),
                             text(daemon["state"]),
                             duration(daemon["uptime_seconds"].get<std::int64_t>()));
    out +=
        format("configuration {}, generation {}; reloads: {} applied, {} unchanged, {} rejected\n",
               text(configuration["file"]),
               text(configuration["generation"]),
               text(reloads["applied"]),
               text(reloads["unchanged"]),
               text(reloads["rejected"]));
    if (!reloads["last"].empty()) {
        const Json& last = reloads["last"].front();
        out += format("last: {} {}, by {}, in {:.1f} ms\n",
                      text(last["verdict"]),
                      text(last["began"]),
                      text(last["asked_by"]),
                      last["took_ms"].get<double>());
        out += errors_text(last);
    }
    if (!configuration["restart_pending"].empty()) {
        out += "waits for a restart: " + joined(configuration["restart_pending"]) + "\n";
    }
    const Json& buffers = status["memory"]["write_buffers"];
    out += format("write buffers: {} of {}\n", bytes(buffers["used"]), bytes(buffers["limit"]));
    out += "\n" + units_text(status["units"]);
    out += "\n" + generations_text(status["generations"]);
    return out;
}

}  // namespace ctl
