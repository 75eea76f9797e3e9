// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "daemon/base/error.hpp"
#include "daemon/model/configuration.hpp"

namespace protohost::config {

/// The configuration in `file` and in `conf.d/*.yaml` beside it, or everything that is wrong with
/// all of these files, in the order of reading. Files are named as `file` was given. Reads only;
/// whether plugins, directories and addresses exist is for others to find out.
base::Result<model::Configuration> load(const std::filesystem::path& file);

}  // namespace protohost::config
