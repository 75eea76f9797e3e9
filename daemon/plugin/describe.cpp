// SPDX-License-Identifier: MIT
#include "daemon/plugin/describe.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "daemon/base/format.hpp"
#include "daemon/plugin/option_type.hpp"

namespace protohost::plugin {
namespace {

using Row = std::array<std::string, 4>;

std::string flag_names(std::uint32_t flags) {
    std::string names;
    const auto add = [&](const char* name) {
        names += (names.empty() ? "" : ", ") + std::string(name);
    };
    if ((flags & PH_PLUGIN_PIN) != 0) add("pin");
    if ((flags & PH_PLUGIN_THREADS) != 0) add("threads");
    return names.empty() ? "none" : names;
}

Row row_of(const ph_option& option) {
    const bool required = (option.flags & PH_OPTION_REQUIRED) != 0;
    const std::string value = required ? "required" : std::string(view(option.deflt));
    return {std::string(view(option.key)),
            std::string(type_name(option.type)),
            value.empty() ? "-" : value,
            std::string(view(option.help))};
}

std::string table(const std::vector<Row>& rows) {
    std::array<std::size_t, 4> width{};
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
    }
    std::string text;
    for (const Row& row : rows) {
        std::string line = base::format("    {:<{}}  {:<{}}  {:<{}}  {}",
                                        row[0],
                                        width[0],
                                        row[1],
                                        width[1],
                                        row[2],
                                        width[2],
                                        row[3]);
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

std::string factory_text(const std::string& plugin, const DeclaredFactory& factory) {
    std::string text =
        base::format("\nprotocol {}/{} ({})", plugin, factory.name, kind_name(factory.kind));
    if (!factory.summary.empty()) text += ": " + factory.summary;
    text += "\n";
    if (factory.options.empty()) return text + "    no options\n";
    std::vector<Row> rows = {{"option", "type", "default", "meaning"}};
    for (const ph_option& option : factory.options) rows.push_back(row_of(option));
    return text + table(rows);
}

}  // namespace

std::string describe(const Module& module) {
    const Identity& identity = module.identity();
    std::string text = base::format("plugin {} {}\n", identity.name, identity.version);
    text += base::format("    file      {}\n", module.staged().source);
    text += base::format("    ABI       {}.{}, for daemons with {}.{} or newer\n",
                         identity.abi_major,
                         identity.abi_minor,
                         identity.abi_major,
                         identity.min_host_minor);
    text +=
        base::format("    build-id  {}\n", identity.build_id.empty() ? "none" : identity.build_id);
    text += base::format("    flags     {}\n", flag_names(identity.flags));
    for (const DeclaredFactory& factory : module.factories()) {
        text += factory_text(identity.name, factory);
    }
    return text;
}

}  // namespace protohost::plugin
