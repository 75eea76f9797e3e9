// SPDX-License-Identifier: MIT
#include "daemon/config/load.hpp"

#include <string>
#include <utility>

#include "daemon/config/decode.hpp"
#include "daemon/config/known.hpp"
#include "daemon/config/load_yaml.hpp"
#include "daemon/config/merge.hpp"
#include "daemon/config/read_file.hpp"
#include "daemon/config/report.hpp"

namespace protohost::config {
namespace {

void add_file(model::Node& root, const std::filesystem::path& file, Report& report) {
    const std::string name = file.string();
    report.add_file(name);
    const auto text = read_file(file);
    if (!text) {
        report.add(model::Place{name, 0, 0}, text.error());
        return;
    }
    auto tree = load_yaml(name, *text, report);
    if (tree) merge(root, std::move(*tree), report);
}

}  // namespace

base::Result<Loaded> load_with_source(const std::filesystem::path& file) {
    Report report;
    Loaded loaded;
    add_file(loaded.written, file, report);
    const auto additions = find_additions(file);
    if (additions) {
        for (const std::filesystem::path& addition : *additions) {
            add_file(loaded.written, addition, report);
        }
    } else {
        report.add(model::Place{}, additions.error());
    }
    loaded.configuration = decode(loaded.written, report);
    if (!report.empty()) return report.sorted();
    return loaded;
}

base::Result<model::Configuration> load(const std::filesystem::path& file) {
    auto loaded = load_with_source(file);
    if (!loaded) return loaded.error();
    return std::move(loaded->configuration);
}

model::Node effective(const model::Node& written) {
    Report report;
    Known known;
    decode(written, report, &known);
    return effective(known);
}

}  // namespace protohost::config
