// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

namespace protohost::base::testing {

/// A folder of its own for one test, gone with it.
class ScratchFolder {
public:
    ScratchFolder() {
        std::string made = (std::filesystem::temp_directory_path() / "base-XXXXXX").string();
        EXPECT_NE(::mkdtemp(made.data()), nullptr);
        path_ = made;
    }
    ~ScratchFolder() { std::filesystem::remove_all(path_); }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    std::string operator/(const std::string& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

inline std::string text_of(const std::string& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace protohost::base::testing
