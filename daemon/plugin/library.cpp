// SPDX-License-Identifier: MIT
#include "daemon/plugin/library.hpp"

#include <dlfcn.h>
#include <exception>
#include <string>
#include <string_view>

#include <boost/dll/shared_library.hpp>

#include "daemon/base/format.hpp"

namespace protohost::plugin {
namespace {

namespace dll = boost::dll;

constexpr int highest_entry_version = 99;

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

base::Errors no_entry(const std::string& source, const dll::shared_library& library) {
    for (int version = 1; version <= highest_entry_version; ++version) {
        const std::string symbol = base::format("protohost_plugin_entry_v{}", version);
        if (library.has(symbol)) {
            return base::failure(
                source,
                base::format("exports {}, this daemon calls {}", symbol, PH_ENTRY_SYMBOL),
                "rebuild it against the SDK of this daemon");
        }
    }
    return base::failure(source,
                         base::format("does not export {}", PH_ENTRY_SYMBOL),
                         "build it with protohost_add_plugin()");
}

}  // namespace

base::Result<ph_entry_fn> open_library(const StagedPlugin& staged) {
    try {
        // Now, because a lazily missing function ends the process at its first call. Local, because
        // two generations define the same names. Not to be deleted: see the header.
        const auto mode = dll::load_mode::rtld_now | dll::load_mode::rtld_local |
                          static_cast<dll::load_mode::type>(RTLD_NODELETE);
        const dll::shared_library library(staged.path, mode);
        if (!library.has(PH_ENTRY_SYMBOL)) return no_entry(staged.source, library);
        return &library.get<const ph_plugin*(const ph_host*)>(PH_ENTRY_SYMBOL);
    } catch (const std::exception& error) {
        const std::string message = loader_message(error.what(), staged.path);
        return base::failure(staged.source, "cannot be loaded: " + message, hint_for(message));
    }
}

}  // namespace protohost::plugin
