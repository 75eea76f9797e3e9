// SPDX-License-Identifier: MIT
#include "daemon/plugin/search.hpp"

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "daemon/base/format.hpp"
#include "daemon/model/value.hpp"
#include "daemon/plugin/elf_note.hpp"
#include "daemon/plugin/system_message.hpp"

namespace protohost::plugin {
namespace {

namespace fs = std::filesystem;

/// "/usr/lib/plugins" or "/usr/lib/plugins (permission denied)", with the names it has added.
std::string look_into(const std::string& directory, std::vector<std::string>& names) {
    std::error_code error;
    fs::directory_iterator entry(directory, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        const fs::path file = entry->path();
        if (file.extension() == ".so") names.push_back(file.stem().string());
    }
    if (!error) return directory;
    const bool absent = error == std::errc::no_such_file_or_directory;
    return base::format("{} ({})", directory, absent ? "does not exist" : system_message(error));
}

}  // namespace

base::Result<std::string> find_plugin(const std::string& where,
                                      const std::string& name,
                                      std::span<const std::string> directories) {
    if (!is_name(name)) {
        return base::failure(where,
                             model::quote(name) + " cannot be the name of a plugin",
                             "a name is letters, digits, - and _");
    }
    for (const std::string& directory : directories) {
        const fs::path file = fs::path(directory) / (name + ".so");
        std::error_code error;
        if (fs::exists(fs::symlink_status(file, error))) return file.string();
    }

    std::vector<std::string> names;
    std::string searched;
    for (const std::string& directory : directories) {
        if (!searched.empty()) searched += ", ";
        searched += look_into(directory, names);
    }
    if (directories.empty()) searched = "any directory: none is configured";
    std::string hint = model::did_you_mean(name, {names.begin(), names.end()});
    if (hint.empty()) hint = "plugins.directories says where to look";
    return base::failure(
        where, base::format("no plugin \"{}\" in {}", name, searched), std::move(hint));
}

}  // namespace protohost::plugin
