// SPDX-License-Identifier: MIT
#include "tests/system/harness/figures.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace protohost::harness {
namespace {

std::string file_of(pid_t process, const char* name) {
    return "/proc/" + std::to_string(process) + "/" + name;
}

}  // namespace

std::size_t resident_memory(pid_t process) {
    std::ifstream rollup(file_of(process, "smaps_rollup"));
    for (std::string word; rollup >> word;) {
        std::size_t kib = 0;
        if (word == "Anonymous:" && rollup >> kib) return kib * 1024;
    }
    ADD_FAILURE() << "no resident memory of process " << process;
    return 0;
}

std::size_t open_descriptors(pid_t process) {
    namespace fs = std::filesystem;
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(file_of(process, "fd")), fs::directory_iterator()));
}

std::size_t mappings(pid_t process, std::string_view of) {
    std::ifstream file(file_of(process, "maps"));
    std::size_t count = 0;
    for (std::string line; std::getline(file, line);) {
        if (line.find(of) != std::string::npos) ++count;
    }
    EXPECT_GT(count + of.size(), 0U) << "no memory map of process " << process;
    return count;
}

std::chrono::milliseconds processor_time(pid_t process) {
    std::ifstream file(file_of(process, "stat"));
    std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    // Past the name of the program, which may hold anything; utime and stime are fields 14 and 15.
    std::istringstream fields(text.substr(text.rfind(')') + 1));
    std::string skipped;
    for (int field = 3; field < 14; ++field) fields >> skipped;
    long user = 0;
    long system = 0;
    fields >> user >> system;
    EXPECT_TRUE(fields.good()) << "no processor time of process " << process;
    return std::chrono::milliseconds((user + system) * 1000 / ::sysconf(_SC_CLK_TCK));
}

void raise_descriptor_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace protohost::harness
