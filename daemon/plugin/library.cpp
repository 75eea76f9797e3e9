// SPDX-License-Identifier: MIT
#include "daemon/plugin/library.hpp"

#include <dlfcn.h>
#include <exception>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include <boost/dll/shared_library.hpp>

#include "daemon/base/format.hpp"

namespace protohost::plugin {
namespace {

namespace dll = boost::dll;

/// The loader's own words out of Boost's sentence, without the path of the copy.
std::string loader_message(std::string_view text, const std::string& path) {
    constexpr std::string_view before = "(dlerror system message: ";
    if (const auto at = text.find(before); at != std::string_view::npos) {
        text.remove_prefix(at + before.size());
        text = text.substr(0, text.rfind("): "));
    }
    if (text.starts_with(path + ": ")) text.remove_prefix(path.size() + 2);
    return std::string(text);
}

std::string hint_for(std::string_view message) {
    if (message.find("undefined symbol") != std::string_view::npos) {
        return "build it with protohost_add_plugin(), which links nothing undefined";
    }
    if (message.find("cannot open shared object file") != std::string_view::npos) {
        return "install the library it needs";
    }
    return {};
}

/// /proc/self/maps has a newline in a name as \\012, and leaves all else alone.
std::string as_in_maps(const std::string& path) {
    std::string text;
    for (const char c : path) text += c == '\n' ? "\\012" : std::string(1, c);
    return text;
}

}  // namespace

struct Library::Handle {
    dll::shared_library library;
};

base::Result<Library> Library::open(const StagedPlugin& staged) {
    try {
        // Now, because a lazily missing function ends the process at its first call. Local, because
        // two generations define the same names.
        const auto mode = dll::load_mode::rtld_now | dll::load_mode::rtld_local;
        auto handle = std::make_unique<Handle>();
        handle->library.load(staged.path, mode);
        staged.copy->keep();
        auto* const found = &handle->library.get<const ph_plugin*(const ph_host*)>(PH_ENTRY_SYMBOL);
        return Library(staged, std::move(handle), found);
    } catch (const std::exception& error) {
        const std::string message = loader_message(error.what(), staged.path);
        return base::failure(staged.source, "cannot be loaded: " + message, hint_for(message));
    }
}

Library::Library(const StagedPlugin& staged, std::unique_ptr<Handle> handle, ph_entry_fn function)
    : staged_(staged), handle_(std::move(handle)), entry_(function) {}

Library::Library(Library&&) noexcept = default;

Library::~Library() {
    // One more reference, never given back.
    if (handle_ != nullptr) ::dlopen(staged_.path.c_str(), RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

std::string Library::unmap() {
    if (!staged_.hygiene.stays_mapped.empty()) return staged_.hygiene.stays_mapped;
    if (is_sanitized()) return "this daemon was built with sanitizers";
    // What has been said of the plugin has not been said of the libraries that came with it.
    for (const std::string& needed : staged_.hygiene.needed) {
        ::dlopen(needed.c_str(), RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
    }
    handle_.reset();
    if (is_mapped(staged_.path)) return "the loader holds it";
    staged_.copy->let_go();
    return {};
}

bool is_mapped(const std::string& path) {
    const std::string wanted = " " + as_in_maps(path);
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        if (line.ends_with(wanted)) return true;
    }
    // Where nothing can be seen, nothing has been proven.
    return !maps.eof();
}

bool is_sanitized() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#else
    return false;
#endif
}

}  // namespace protohost::plugin
