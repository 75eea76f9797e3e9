// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace protohost::harness {

/// A folder of its own for one test, readable by other users, gone with it.
class ScratchFolder {
public:
    ScratchFolder();
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }

    /// Makes the folders on the way; returns the whole path.
    std::string write(const std::string& name, std::string_view text) const;

private:
    std::filesystem::path path_;
};

}  // namespace protohost::harness
