// SPDX-License-Identifier: MIT
#include "daemon/plugin/plugin_file.hpp"

#include <utility>

#include "daemon/base/digest.hpp"

namespace protohost::plugin {
namespace {

base::Result<PluginFile> read_opened(const std::string& source, TrustedFile& file) {
    auto bytes = file.read();
    if (!bytes) return bytes.error();
    Contents contents{file.stamp(), base::sha256(*bytes)};
    return PluginFile{source, std::move(contents), std::move(*bytes)};
}

}  // namespace

base::Result<PluginFile> read_plugin_file(const std::string& source,
                                          std::span<const uid_t> owners) {
    auto file = TrustedFile::open(source, owners);
    if (!file) return file.error();
    return read_opened(source, *file);
}

base::Result<std::optional<PluginFile>> read_if_changed(const std::string& source,
                                                        Contents& known,
                                                        std::span<const uid_t> owners) {
    auto file = TrustedFile::open(source, owners);
    if (!file) return file.error();
    if (is_unchanged(known.stamp, file->stamp())) return std::optional<PluginFile>();
    auto read = read_opened(source, *file);
    if (!read) return read.error();
    if (read->contents.sha256 != known.sha256) return std::optional(std::move(*read));
    known.stamp = read->contents.stamp;
    return std::optional<PluginFile>();
}

}  // namespace protohost::plugin
