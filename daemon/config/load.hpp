// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/config/declared_protocol.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

/// The configuration, and the files that it was made of.
struct Loaded {
    model::Configuration configuration;
    /// All files put together: what was written, and where.
    model::Node written;
    /// Of the bytes that were read, in hexadecimal: the same files, the same digest.
    std::string digest;
};

/// [any] The configuration in `file` and in `conf.d/*.yaml` beside it, or everything that is wrong
/// with all of these files, in the order of reading. Files are named as `file` was given. Reads
/// only; whether plugins, directories and addresses exist is for others to find out.
base::Result<Loaded> load_with_source(const std::filesystem::path& file);

/// [any] The same, where the source is not wanted.
base::Result<model::Configuration> load(const std::filesystem::path& file);

/// [any] Every value that holds, defaults too, with its origin: the place where it was written, or
/// that it `is_default`. `written` is that of a configuration that could be loaded. The tree is
/// what decoding gives, key by key; write_yaml.hpp and write_json.hpp make text of it. Of
/// `protocols` the defaults of options are known, too.
model::Node effective(const model::Node& written,
                      const std::vector<DeclaredProtocol>& protocols = {});

}  // namespace protohost::config
