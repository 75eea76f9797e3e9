// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/error.hpp"
#include "daemon/plugin/elf_note.hpp"

namespace protohost::plugin {

/// A plugin file that was checked and copied, and of which no code has run.
struct StagedPlugin {
    Identity identity;
    /// Counts up by one with each staged copy of this process, whatever the plugin.
    unsigned generation = 0;
    std::string source;  ///< as the operator named it
    std::string path;    ///< the private copy
};

/// The private folder of this process, `<state>/plugins.XXXXXX`, from which alone code is loaded.
/// The operator's file is never mapped: overwriting it in place would crash whoever runs it, and
/// the loader would hand back the old code for a path it knows.
///
/// Removed with its files by the destructor. What a crashed process left behind is removed by the
/// next one: each folder holds a lock file that is locked as long as its process lives.
class StagingDirectory {
public:
    /// Creates `state_directory` if need be. Owners in `trusted_owners` may own plugins, beside
    /// root and the user of this process.
    static base::Result<std::unique_ptr<StagingDirectory>> create(
        const std::string& state_directory, std::vector<uid_t> trusted_owners = {});

    /// In the folder for temporary files (TMPDIR), where nothing else is read, written or removed:
    /// for a look at plugins that leaves no trace.
    static base::Result<std::unique_ptr<StagingDirectory>> create_throw_away(
        std::vector<uid_t> trusted_owners = {});

    StagingDirectory(const StagingDirectory&) = delete;
    StagingDirectory& operator=(const StagingDirectory&) = delete;
    ~StagingDirectory();

    /// Checks the file and its folder, copies it to `<name>.g<N>.<build id>.so`, a name that is
    /// never used again, and reads the note from the bytes that were copied. May block on the disk.
    base::Result<StagedPlugin> stage(const std::string& source);

    const std::string& path() const { return path_; }

private:
    static base::Result<std::unique_ptr<StagingDirectory>> create_in(
        const std::string& root, std::vector<uid_t> trusted_owners);
    StagingDirectory(std::string path, base::Descriptor lock, std::vector<uid_t> trusted_owners);

    std::string path_;
    base::Descriptor lock_;
    std::vector<uid_t> trusted_owners_;
    unsigned generations_ = 0;
};

}  // namespace protohost::plugin
