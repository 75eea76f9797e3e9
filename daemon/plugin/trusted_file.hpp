// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <sys/types.h>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/error.hpp"

namespace protohost::plugin {

/// Which file it is, and when it was last changed.
struct FileStamp {
    dev_t device = 0;
    ino_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t modified = 0;  ///< nanoseconds since the epoch, as changed
    std::int64_t changed = 0;
    /// False where it was changed so recently that a further change might leave the same times:
    /// they advance in steps, by the filesystem's of up to two seconds.
    bool settled = false;

    bool operator==(const FileStamp&) const = default;
};

/// Whether a file that had the stamp `before` when it was read, and now has `now`, holds the same
/// bytes. False: nothing is known until it is read again.
bool is_unchanged(const FileStamp& before, const FileStamp& now);

/// A plugin file that only trusted users can have written: a regular file, owned by root, by the
/// user of this process or by one of `owners`, which neither group nor others may write, in a
/// folder of which the same holds. Symbolic links are resolved once; everything is checked on the
/// opened descriptors, so nothing can be swapped before it is read.
class TrustedFile {
public:
    /// Every violation is reported, each with its remedy.
    static base::Result<TrustedFile> open(const std::string& path, std::span<const uid_t> owners);

    const FileStamp& stamp() const { return stamp_; }

    /// All of it, as it was when it was opened; an error where it was written to meanwhile. Once.
    base::Result<std::vector<std::byte>> read();

private:
    TrustedFile(std::string path, base::Descriptor file, const FileStamp& stamp);

    std::string path_;
    base::Descriptor file_;
    FileStamp stamp_;
};

}  // namespace protohost::plugin
