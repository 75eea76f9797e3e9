// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <vector>

#include "daemon/base/error.hpp"

#include <protohost/abi.h>

namespace protohost::plugin::testing {

using Bytes = std::vector<std::byte>;

/// A private folder that goes with the test.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string path = (std::filesystem::temp_directory_path() / "plugin.XXXXXX").string();
        if (::mkdtemp(path.data()) == nullptr) std::abort();
        path_ = std::filesystem::canonical(path).string();
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::string& path() const { return path_; }
    std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

private:
    std::string path_;
};

inline Bytes read_bytes(const std::string& path) {
    Bytes bytes(std::filesystem::file_size(path));
    std::ifstream file(path, std::ios::binary);
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return bytes;
}

inline Bytes guest_bytes(const std::string& name) {
    return read_bytes(PROTOHOST_BUILD_DIR "/tests/guests/" + name + ".so");
}

inline std::string write_bytes(const std::string& path, const Bytes& bytes) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    file.close();
    ::chmod(path.c_str(), 0755);
    return path;
}

/// A copy of the guest whose mode and owner do not depend on the umask and user of the build.
inline std::string put_guest(const TemporaryFolder& folder, const std::string& name) {
    return write_bytes(folder / (name + ".so"), guest_bytes(name));
}

/// Where the note of a plugin's bytes begins.
inline std::size_t note_offset(const Bytes& image) {
    const std::string_view text(reinterpret_cast<const char*>(image.data()), image.size());
    // The owner with its padding, which no string literal has.
    const auto at = text.find(std::string_view("protohost\0\0\0\1\0\0\0", 16));
    if (at == std::string_view::npos) std::abort();
    return at - offsetof(ph_note, owner);
}

template <class T>
void patch(Bytes& image, std::size_t offset, const T& value) {
    std::memcpy(image.data() + offset, &value, sizeof(value));
}

/// One line for each error.
inline std::string text(const base::Errors& errors) {
    std::string lines;
    for (const base::Error& error : errors) lines += base::to_string(error) + "\n";
    return lines;
}

template <class T>
std::string text(const base::Result<T>& result) {
    return result ? "no error\n" : text(result.error());
}

}  // namespace protohost::plugin::testing
