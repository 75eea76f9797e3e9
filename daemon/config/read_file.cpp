// SPDX-License-Identifier: MIT
#include "daemon/config/read_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "daemon/base/format.hpp"
#include "daemon/base/utf8.hpp"
#include "daemon/model/place.hpp"

namespace protohost::config {
namespace {

// Some thousands of units. The parser may need two hundred times as much memory for a hostile text.
constexpr std::size_t largest_file = 1024 * 1024;

/// Closes a descriptor at the end of its scope.
struct Descriptor {
    explicit Descriptor(int number) : fd(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }
    int fd;
};

std::string reason(int code) {
    std::string text = std::generic_category().message(code);
    if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') {
        text[0] = static_cast<char>(text[0] - 'A' + 'a');
    }
    return text;
}

base::Errors unreadable(const std::string& file, int code) {
    return base::failure(file, "cannot be read: " + reason(code));
}

model::Place place_of(const std::string& file, std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, offset);
    const auto line = std::count(before.begin(), before.end(), '\n');
    const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
    return {file, static_cast<int>(line) + 1, static_cast<int>(offset - start) + 1};
}

bool is_forbidden(char c) {
    const auto code = static_cast<unsigned char>(c);
    return (code < 0x20 && c != '\t' && c != '\n' && c != '\r') || code == 0x7F;
}

}  // namespace

base::Errors check_text(const std::string& file, std::string_view text) {
    const std::size_t invalid = base::find_invalid_utf8(text);
    if (invalid != std::string_view::npos) {
        const auto byte = static_cast<unsigned char>(text[invalid]);
        return base::failure(model::to_string(place_of(file, text, invalid)),
                             base::format("byte 0x{:02x} is not UTF-8", byte),
                             "save the file as UTF-8");
    }
    const auto control = std::find_if(text.begin(), text.end(), is_forbidden);
    if (control != text.end()) {
        const auto at = static_cast<std::size_t>(control - text.begin());
        const auto byte = static_cast<unsigned char>(*control);
        return base::failure(model::to_string(place_of(file, text, at)),
                             base::format("control character 0x{:02x}", byte),
                             "remove it; in a quoted string it may be written as an escape");
    }
    return {};
}

base::Result<std::string> read_file(const std::filesystem::path& file) {
    const std::string name = file.string();
    const Descriptor open(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (open.fd < 0 || ::fstat(open.fd, &status) != 0) return unreadable(name, errno);
    if (S_ISDIR(status.st_mode)) return base::failure(name, "is a directory, not a file");
    if (!S_ISREG(status.st_mode)) return base::failure(name, "is not a regular file");

    std::string text;
    std::array<char, 16384> block{};
    while (text.size() <= largest_file) {
        const ssize_t got = ::read(open.fd, block.data(), block.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return unreadable(name, errno);
        if (got == 0) break;
        text.append(block.data(), static_cast<std::size_t>(got));
    }
    if (text.size() > largest_file) {
        return base::failure(
            name, "is larger than 1MiB", "split it into several files in conf.d beside it");
    }
    if (base::Errors errors = check_text(name, text); !errors.empty()) return errors;
    return text;
}

base::Result<std::vector<std::filesystem::path>> find_additions(const std::filesystem::path& file) {
    const std::filesystem::path folder = file.parent_path() / "conf.d";
    std::vector<std::filesystem::path> found;
    std::error_code code;
    std::filesystem::directory_iterator entry(folder, code);
    while (!code && entry != std::filesystem::directory_iterator()) {
        const std::filesystem::path name = entry->path().filename();
        // Of ".yaml" alone the standard library says that it has no extension.
        if (name.extension() == ".yaml" && !name.string().starts_with('.')) {
            found.push_back(folder / name);
        }
        entry.increment(code);
    }
    if (code && code != std::errc::no_such_file_or_directory) {
        return unreadable(folder.string(), code.value());
    }
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace protohost::config
