// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "daemon/base/error.hpp"
#include "daemon/plugin/staging.hpp"

#include <protohost/abi.h>

namespace protohost::plugin {

/// The mapped code of a staged copy.
///
/// It stays mapped when this goes, on purpose, and only unmap() can change that. What would have to
/// be known gone before is seldom known: thread-local destructors that wait for a thread to end,
/// exception objects and deleters whose code is in there, detached threads. Each of them would
/// crash the daemon long after. A generation costs the size of its file, and its pages can be
/// evicted.
class Library {
public:
    /// [load] Maps the copy, which runs the constructors of its statics, and finds its entry
    /// function.
    static base::Result<Library> open(const StagedPlugin& staged);

    Library(Library&&) noexcept;
    Library& operator=(Library&&) = delete;
    ~Library();

    ph_entry_fn entry() const { return entry_; }

    /// [loop] Asks the loader to unmap it, and looks whether it did; no code of it may be needed
    /// any more, and this is good for nothing then. Why it is still mapped, or empty.
    std::string unmap();

private:
    struct Handle;

    Library(const StagedPlugin& staged, std::unique_ptr<Handle> handle, ph_entry_fn function);

    StagedPlugin staged_;
    std::unique_ptr<Handle> handle_;  ///< nullptr: moved from, or unmapped
    ph_entry_fn entry_;
};

/// Whether anything of the file at `path` is mapped into this process, as the kernel sees it.
bool is_mapped(const std::string& path);

/// Whether this is a build with sanitizers, which report about code that they must be able to find.
bool is_sanitized();

}  // namespace protohost::plugin
