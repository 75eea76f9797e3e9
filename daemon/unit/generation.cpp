// SPDX-License-Identifier: MIT
#include "daemon/unit/generation.hpp"

#include <algorithm>
#include <utility>

#include "daemon/plugin/guard.hpp"
#include "daemon/unit/binding.hpp"

namespace protohost::unit {

Generation::Generation(std::shared_ptr<plugin::Module> module,
                       net::Loop& loop,
                       std::shared_ptr<HandOver> hand_over)
    : loop_(loop),
      hand_over_(std::move(hand_over)),
      context_(std::make_unique<ph_ctx>(loop, module->name(), std::string(), module->generation())),
      module_(std::move(module)) {}

Generation::~Generation() {
    unload();
}

base::Result<std::unique_ptr<Generation>> Generation::open(const plugin::StagedPlugin& staged,
                                                           const ph_host& host,
                                                           net::Loop& loop,
                                                           std::shared_ptr<HandOver> hand_over) {
    auto module = plugin::Module::open(staged, host);
    if (!module) return module.error();
    return std::unique_ptr<Generation>(new Generation(*module, loop, std::move(hand_over)));
}

base::Errors Generation::load() {
    return module_->load(context_.get());
}

std::shared_ptr<Binding> Generation::share(std::unique_ptr<Binding> binding,
                                           const std::string& unit) {
    const auto release = [weak = std::weak_ptr(hand_over_)](Binding* last) {
        const auto hand_over = weak.lock();
        if (hand_over == nullptr || hand_over->on_loop_thread()) {
            delete last;
        } else {
            hand_over->put([last] { delete last; });
        }
    };
    std::shared_ptr<Binding> shared(binding.release(), release);
    const std::lock_guard lock(mutex_);
    std::erase_if(holders_, [](const Holder& holder) { return holder.binding.expired(); });
    holders_.push_back({unit, shared});
    return shared;
}

std::vector<GenerationStatus::Holder> Generation::holders() const {
    std::vector<GenerationStatus::Holder> living;
    const std::lock_guard lock(mutex_);
    for (const Holder& holder : holders_) {
        const auto references = static_cast<std::size_t>(holder.binding.use_count());
        if (references > 0) living.push_back({holder.unit, references});
    }
    return living;
}

bool Generation::is_in_use() const {
    // By the unit and what it does for its plugin a binding is held anyway.
    constexpr std::size_t idle = 2;
    const auto living = holders();
    return std::any_of(living.begin(), living.end(), [](const GenerationStatus::Holder& holder) {
        return holder.references > idle;
    });
}

ph_status Generation::quiesce(std::uint64_t deadline, std::string& why) {
    const ph_status status = module_->quiesce(deadline);
    // Read before anything else of the plugin is called: that would wipe it.
    if (status < 0) why = plugin::failure_text(status);
    return status;
}

void Generation::drop_scheduled() {
    if (context_ != nullptr) context_->calls.drop_all();
}

void Generation::unload() {
    drop_scheduled();
    module_->unload();
    context_.reset();
}

}  // namespace protohost::unit
