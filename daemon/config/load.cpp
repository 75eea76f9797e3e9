// SPDX-License-Identifier: MIT
#include "daemon/config/load.hpp"

#include <string>
#include <utility>

#include "daemon/config/decode.hpp"
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

base::Result<model::Configuration> load(const std::filesystem::path& file) {
    Report report;
    model::Node root;
    add_file(root, file, report);
    const auto additions = find_additions(file);
    if (additions) {
        for (const std::filesystem::path& addition : *additions) add_file(root, addition, report);
    } else {
        report.add(model::Place{}, additions.error());
    }
    model::Configuration configuration = decode(root, report);
    if (!report.empty()) return report.sorted();
    return configuration;
}

}  // namespace protohost::config
