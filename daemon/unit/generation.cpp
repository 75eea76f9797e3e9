// SPDX-License-Identifier: MIT
#include "daemon/unit/generation.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include "daemon/plugin/guard.hpp"

namespace protohost::unit {

namespace {

/// How long a plugin may take to stop its threads; the loop waits meanwhile.
constexpr auto quiesce_time = std::chrono::seconds(2);

std::uint64_t loop_time(std::chrono::steady_clock::time_point when) {
    return static_cast<std::uint64_t>(std::chrono::nanoseconds(when.time_since_epoch()).count());
}

/// Also past the end of main: nothing of it is ever destroyed.
void keep_for_ever(std::unique_ptr<ph_ctx> context, std::shared_ptr<plugin::Module> module) {
    using Kept = std::pair<std::unique_ptr<ph_ctx>, std::shared_ptr<plugin::Module>>;
    static auto* kept = new std::vector<Kept>();
    kept->emplace_back(std::move(context), std::move(module));
}

}  // namespace

Generation::Generation(std::shared_ptr<plugin::Module> module, net::Loop& loop)
    : context_(std::make_unique<ph_ctx>(loop, module->name())), module_(std::move(module)) {}

Generation::~Generation() {
    const ph_status status =
        module_->quiesce(loop_time(std::chrono::steady_clock::now() + quiesce_time));
    // Read before anything else of the plugin is called: that would wipe it.
    const std::string why = status < 0 ? plugin::failure_text(status) : std::string();
    // What the plugin scheduled goes before its unload.
    context_->calls.drop_all();
    if (status >= 0) return;
    context_->log.error(
        "did not quiesce: {}; it is neither unloaded nor freed, for its threads may still run",
        why);
    keep_for_ever(std::move(context_), std::move(module_));
}

base::Result<std::shared_ptr<Generation>> Generation::load(const plugin::StagedPlugin& staged,
                                                           const ph_host& host,
                                                           net::Loop& loop) {
    auto module = plugin::Module::open(staged, host);
    if (!module) return module.error();
    std::shared_ptr<Generation> generation(new Generation(*module, loop));
    base::Errors errors = generation->module_->load(generation->context_.get());
    if (!errors.empty()) return errors;
    return generation;
}

}  // namespace protohost::unit
