// SPDX-License-Identifier: MIT
#include "daemon/unit/binding.hpp"

#include <utility>

namespace protohost::unit {

Binding::Binding(std::shared_ptr<Generation> generation, std::unique_ptr<ph_ctx> context)
    : generation_(std::move(generation)), context_(std::move(context)) {}

base::Result<std::shared_ptr<Binding>> Binding::make(const std::shared_ptr<Generation>& generation,
                                                     const plugin::DeclaredFactory& declared,
                                                     const model::Node& options,
                                                     const std::string& title) {
    const auto module = generation->module();
    auto context = generation->make_context(title);
    // Shared before it is complete: whatever becomes of it, it ends on the loop.
    const auto binding = generation->share(
        std::unique_ptr<Binding>(new Binding(generation, std::move(context))), title);
    auto factory = plugin::Factory::configure(module, declared, options, binding->context_.get());
    if (!factory) return factory.error();
    binding->factory_ = std::move(*factory);
    return binding;
}

Binding::~Binding() {
    // What the plugin scheduled with it goes before its release.
    context_->calls.drop_all();
}

std::string Binding::protocol_name() const {
    return factory_->module().name() + "/" + std::string(factory_->declared().name);
}

}  // namespace protohost::unit
