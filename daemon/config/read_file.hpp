// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"

namespace protohost::config {

/// The whole text of a regular file: UTF-8, without control characters, of a bounded size. Never
/// waits, not even for a pipe.
base::Result<std::string> read_file(const std::filesystem::path& file);

/// What `read_file` demands of a text that has been read; empty where it is fine.
base::Errors check_text(const std::string& file, std::string_view text);

/// FILE's `conf.d/*.yaml`, sorted by name; none where there is no such folder. Names that begin
/// with a dot and other suffixes are left out.
base::Result<std::vector<std::filesystem::path>> find_additions(const std::filesystem::path& file);

}  // namespace protohost::config
