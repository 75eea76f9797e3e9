// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <sys/types.h>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/plugin/trusted_file.hpp"

namespace protohost::plugin {

/// The bytes of a file without the bytes: what it is compared by.
struct Contents {
    FileStamp stamp;
    std::string sha256;  ///< lower-case hexadecimal
};

/// An operator's file as it was when it was read: checked for owner and mode, and nothing else yet.
struct PluginFile {
    std::string source;  ///< as the operator named it
    Contents contents;
    std::vector<std::byte> bytes;
};

/// May block on the disk, as all of this. `owners`: see TrustedFile.
base::Result<PluginFile> read_plugin_file(const std::string& source, std::span<const uid_t> owners);

/// Whether `source` still holds what `known` describes: nullopt where it does, the file as it is
/// now where it does not. Owner and mode are checked each time; it is read only where the stamp is
/// not enough, and `known.stamp` is then brought up to date, so that it need not be read again.
base::Result<std::optional<PluginFile>> read_if_changed(const std::string& source,
                                                        Contents& known,
                                                        std::span<const uid_t> owners);

}  // namespace protohost::plugin
