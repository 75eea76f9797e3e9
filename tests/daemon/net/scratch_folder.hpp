// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <set>
#include <stdlib.h>
#include <string>

#include <gtest/gtest.h>

namespace protohost::net::testing {

/// A folder that goes with the test; its path is short enough for UNIX sockets.
class ScratchFolder {
public:
    ScratchFolder() : path_("/tmp/protohost-net-XXXXXX") {
        EXPECT_NE(::mkdtemp(path_.data()), nullptr);
    }
    ~ScratchFolder() { std::filesystem::remove_all(path_); }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    const std::string& path() const { return path_; }
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }
    /// The names in it, sorted and separated by spaces.
    std::string names() const {
        std::string all;
        std::set<std::string> sorted;
        for (const auto& entry : std::filesystem::directory_iterator(path_)) {
            sorted.insert(entry.path().filename());
        }
        for (const auto& name : sorted) all += (all.empty() ? "" : " ") + name;
        return all;
    }

private:
    std::string path_;
};

}  // namespace protohost::net::testing
