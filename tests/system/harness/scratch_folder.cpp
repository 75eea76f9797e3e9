// SPDX-License-Identifier: MIT
#include "tests/system/harness/scratch_folder.hpp"

#include <fstream>
#include <stdlib.h>
#include <sys/stat.h>
#include <system_error>

#include <gtest/gtest.h>

namespace protohost::harness {

ScratchFolder::ScratchFolder() {
    std::string name = testing::TempDir() + "protohost-system-XXXXXX";
    if (::mkdtemp(name.data()) != nullptr && ::chmod(name.c_str(), 0755) == 0) path_ = name;
    EXPECT_FALSE(path_.empty()) << "no scratch folder";
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

std::string ScratchFolder::write(const std::string& name, std::string_view text) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
}

}  // namespace protohost::harness
