// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/error.hpp"
#include "daemon/plugin/elf_note.hpp"
#include "daemon/plugin/hygiene.hpp"
#include "daemon/plugin/plugin_file.hpp"

namespace protohost::plugin {

/// A private copy on the disk: removed with the last that refers to it, unless its code was mapped.
class StagedCopy {
public:
    explicit StagedCopy(std::string path) : path_(std::move(path)) {}
    ~StagedCopy();
    StagedCopy(const StagedCopy&) = delete;
    StagedCopy& operator=(const StagedCopy&) = delete;

    /// [any] From here on it stays as long as its folder does: debuggers, and the kernel for pages
    /// that it has dropped, read it as long as its code is mapped.
    void keep() { kept_ = true; }
    /// [any] Its code is no longer mapped.
    void let_go() { kept_ = false; }

private:
    const std::string path_;
    std::atomic<bool> kept_ = false;
};

/// A plugin file that was checked and copied, and of which no code has run. Copied freely: all
/// share the copy on the disk.
struct StagedPlugin {
    Identity identity;
    Contents contents;
    Hygiene hygiene;
    /// Counts up by one with each staged copy of this process, whatever the plugin.
    unsigned generation = 0;
    std::string source;  ///< as the operator named it
    std::string path;    ///< the private copy
    std::shared_ptr<StagedCopy> copy;
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

    // Called by one thread at a time; may block on the disk.

    /// Checks the file and its folder, reads it and stages what was read.
    base::Result<StagedPlugin> stage(const std::string& source);

    /// Checks what was read, and copies it to `<name>.g<N>.<build id>.so`, a name that is never
    /// used again: to the loader, a name that it knows is the code that it has.
    base::Result<StagedPlugin> stage(const PluginFile& file);

    /// A new copy of an earlier one, whatever has become of the operator's file since.
    base::Result<StagedPlugin> restage(const StagedPlugin& earlier);

    const std::string& path() const { return path_; }

    /// Gives it and all that is in it to somebody else, and the state directory, too, unless that
    /// is one like /tmp. 0 or an error number.
    int give_to(uid_t user, gid_t group) const;

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
