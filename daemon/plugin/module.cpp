// SPDX-License-Identifier: MIT
#include "daemon/plugin/module.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/base/format.hpp"
#include "daemon/base/log.hpp"
#include "daemon/model/value.hpp"
#include "daemon/plugin/guard.hpp"

namespace protohost::plugin {
namespace {

std::string listed(std::span<const DeclaredFactory> factories) {
    std::string text;
    for (const DeclaredFactory& factory : factories) {
        if (!text.empty()) text += ", ";
        text += factory.name;
    }
    return text;
}

}  // namespace

base::Result<std::shared_ptr<Module>> Module::open(const StagedPlugin& staged,
                                                   const ph_host& host) {
    auto library = Library::open(staged);
    if (!library) return library.error();
    return open(std::move(*library), staged, host);
}

base::Result<std::shared_ptr<Module>> Module::open(Library library,
                                                   const StagedPlugin& staged,
                                                   const ph_host& host) {
    const ph_plugin* given = nullptr;
    const ph_status status = guarded([&] {
        given = library.entry()(&host);
        return PH_OK;
    });
    if (status != PH_OK) {
        return base::failure(staged.source, "its entry function " + failure_text(status));
    }
    if (given == nullptr) {
        return base::failure(staged.source,
                             base::format("it refuses this daemon, which speaks plugin ABI {}.{}",
                                          host.abi_major,
                                          host.abi_minor));
    }
    auto declaration = read_declaration(staged.source, staged.identity, *given);
    if (!declaration) return declaration.error();
    return std::shared_ptr<Module>(
        new Module(std::move(library), staged, host, std::move(*declaration)));
}

Module::Module(Library library,
               const StagedPlugin& staged,
               const ph_host& host,
               Declaration declaration)
    : library_(std::move(library)),
      staged_(staged),
      host_(host),
      declaration_(std::move(declaration)) {}

Module::~Module() {
    unload();
}

void Module::unload() {
    if (!std::exchange(loaded_, false) || declaration_.table.unload == nullptr) return;
    const ph_status status = guarded([&] {
        declaration_.table.unload(instance_);
        return PH_OK;
    });
    if (status != PH_OK) {
        base::Log("plugin").debug("{}: unload {}", staged_.source, failure_text(status));
    }
}

std::string Module::unmap() {
    return library_.unmap();
}

base::Errors Module::load(ph_ctx* context) {
    context_ = context;
    if (declaration_.table.load != nullptr) {
        const ph_status status =
            guarded([&] { return declaration_.table.load(&host_, context_, &instance_); });
        if (status < 0) return base::failure(staged_.source, "load: " + failure_text(status));
    }
    loaded_ = true;
    return {};
}

ph_status Module::quiesce(std::uint64_t deadline) {
    if (!loaded_ || declaration_.table.quiesce == nullptr) return PH_OK;
    return guarded([&] { return declaration_.table.quiesce(instance_, deadline); });
}

base::Result<const DeclaredFactory*> Module::find_factory(const std::string& where,
                                                          std::string_view wanted) const {
    if (wanted.empty() && declaration_.factories.size() == 1) return &declaration_.factories[0];
    const std::string_view sought = wanted.empty() ? std::string_view(name()) : wanted;
    const auto found = std::find_if(declaration_.factories.begin(),
                                    declaration_.factories.end(),
                                    [&](const auto& factory) { return factory.name == sought; });
    if (found != declaration_.factories.end()) return &*found;

    if (wanted.empty()) {
        return base::failure(where,
                             base::format("plugin \"{}\" has several factories", name()),
                             base::format("name one of them, as in {}/{}; its factories: {}",
                                          name(),
                                          declaration_.factories[0].name,
                                          listed(declaration_.factories)));
    }
    std::vector<std::string_view> names;
    for (const DeclaredFactory& factory : declaration_.factories) names.push_back(factory.name);
    std::string hint = model::did_you_mean(wanted, names);
    if (hint.empty()) hint = "its factories: " + listed(declaration_.factories);
    return base::failure(
        where,
        base::format("plugin \"{}\" has no factory {}", name(), model::quote(wanted)),
        std::move(hint));
}

}  // namespace protohost::plugin
