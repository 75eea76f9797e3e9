// SPDX-License-Identifier: MIT
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

#include "connection.hpp"

// Files that are sent.

namespace conformance {
namespace {

/// A file in memory, whose position is at its beginning.
class File {
public:
    File() : descriptor_(::memfd_create("file", MFD_CLOEXEC)) {
        if (descriptor_ < 0) throw std::runtime_error("no memory for a file");
    }
    ~File() { ::close(descriptor_); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    int descriptor() const { return descriptor_; }
    std::int64_t position() const { return ::lseek(descriptor_, 0, SEEK_CUR); }
    void append(std::string_view content) {
        const auto size = static_cast<ssize_t>(content.size());
        if (::pwrite(descriptor_, content.data(), content.size(), end_) != size) {
            throw std::runtime_error("cannot write to a file in memory");
        }
        end_ += size;
    }

private:
    int descriptor_;
    off_t end_ = 0;
};

}  // namespace

bool Connection::send_file(const Action& action) {
    if (action.verb != "sendfile") return false;
    const auto file = std::make_shared<File>();
    for (const std::string& piece : action.data) file->append(piece);
    const auto done = [self = shared_from_this(), file](const protohost::Error* why,
                                                        std::uint64_t sent) {
        const std::string how = why == nullptr ? std::to_string(sent) + " bytes" : reason(why);
        self->event("sendfile", how + ", position " + std::to_string(file->position()));
    };
    transport_.get_loop().sendfile(transport_, file->descriptor(), 0, {}, done);
    return true;
}

}  // namespace conformance
