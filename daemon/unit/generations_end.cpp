// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/base/log_events.hpp"
#include "daemon/unit/generations.hpp"

namespace protohost::unit {
namespace {

/// For the plugins that do not quiesce at once when the process ends.
constexpr auto last_patience = std::chrono::seconds(2);
/// How many are remembered of which nothing is left in memory.
constexpr std::size_t remembered = 16;
/// An unmap that would wait for the loader, which is busy for another thread, is tried again.
constexpr auto loader_pause = std::chrono::milliseconds(100);

/// Also past the end of main: nothing of it is ever destroyed.
void keep_for_ever(std::unique_ptr<Generation> generation) {
    static auto* kept = new std::vector<std::unique_ptr<Generation>>();
    kept->push_back(std::move(generation));
}

std::string name_of(const GenerationStatus& status) {
    return base::format("plugin {} g{}", status.plugin, status.number);
}

base::LogFields about(const GenerationStatus& status) {
    return {
        .id = base::events::plugin_retired, .plugin = status.plugin, .generation = status.number};
}

}  // namespace

void Generations::retire(Entry& entry) {
    change(entry, GenerationState::retiring);
    entry.retirement = std::make_unique<Retirement>(
        loop_, *entry.generation, [this, &entry](const std::string& why) { retired(entry, why); });
    entry.retirement->begin(std::chrono::steady_clock::now() + patience_);
}

void Generations::retired(Entry& entry, const std::string& why_not_unloaded) {
    // It has called this, and does nothing after that.
    entry.retirement.reset();
    if (why_not_unloaded.empty()) {
        unmap_or_keep(entry);
    } else {
        log_.error(about(entry.status),
                   "{}: {}; it is neither unloaded nor freed, for its threads may still run",
                   name_of(entry.status),
                   why_not_unloaded);
        change(entry, GenerationState::retired, why_not_unloaded);
        const std::lock_guard lock(mutex_);
        entry.status.mapped_bytes = entry.generation->staged().hygiene.mapped_bytes;
        keep_for_ever(std::move(entry.generation));
    }
    forget();
    check_unloaded();
}

void Generations::unmap_or_keep(Entry& entry) {
    entry.unmapping.reset();
    if (ending_) return change(entry, GenerationState::retired);
    if (!unmapped_.contains(entry.status.plugin)) {
        return keep_mapped(
            entry, base::format("plugins.modules.{}.unmap is not set", entry.status.plugin));
    }
    if (loads_under_way() > 0) {
        // The loader does one thing at a time, and it may take long: not while the loop waits.
        if (entry.status.state != GenerationState::retired) {
            change(entry, GenerationState::retired, "about to be unmapped");
        }
        entry.unmapping = std::make_unique<net::Timer>(loop_);
        return entry.unmapping->start(loader_pause, [this, &entry] {
            unmap_or_keep(entry);
            forget();
        });
    }
    if (std::string reason = entry.generation->unmap(); !reason.empty()) {
        return keep_mapped(entry, reason);
    }
    log_.info(about(entry.status), "{}: retired and unmapped", name_of(entry.status));
    change(entry, GenerationState::unmapped);
    std::unique_ptr<Generation> gone;
    const std::lock_guard lock(mutex_);
    gone.swap(entry.generation);
}

void Generations::keep_mapped(Entry& entry, const std::string& reason) {
    log_.info(about(entry.status), "{}: retired, still mapped: {}", name_of(entry.status), reason);
    change(entry, GenerationState::retired, reason);
}

void Generations::set_unmapped(std::set<std::string> plugins) {
    const std::set<std::string> before = std::exchange(unmapped_, std::move(plugins));
    for (Entry* const entry : with_generation()) {
        const std::string& name = entry->status.plugin;
        const bool is_new = unmapped_.contains(name) && !before.contains(name);
        if (is_new && entry->status.state == GenerationState::retired) unmap_or_keep(*entry);
    }
    forget();
}

Generations::~Generations() {
    ending_ = true;
    hand_over_->settle();
    const auto deadline = std::chrono::steady_clock::now() + last_patience;
    std::vector<Entry*> left = with_generation();
    std::reverse(left.begin(), left.end());
    for (Entry* const entry : left) end(*entry, deadline);
    hand_over_->settle();
    hand_over_->close();
}

void Generations::end(Entry& entry, std::chrono::steady_clock::time_point deadline) {
    entry.unmapping.reset();
    if (!entry.handle.expired()) return keep_for_ever(std::move(entry.generation));
    if (entry.retirement != nullptr) entry.retirement->finish(deadline);
}

void Generations::forget() {
    const std::lock_guard lock(mutex_);
    const auto is_gone = [](const auto& entry) {
        return entry->generation == nullptr && entry->status.mapped_bytes == 0 &&
               entry->status.state >= GenerationState::retired;
    };
    auto gone = static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), is_gone));
    std::erase_if(entries_, [&](const auto& entry) {
        if (gone <= remembered || !is_gone(entry)) return false;
        --gone;
        return true;
    });
}

void Generations::when_unloaded(std::function<void()> done) {
    unloaded_ = std::move(done);
    check_unloaded();
}

void Generations::check_unloaded() {
    if (!unloaded_) return;
    for (const Entry* const entry : with_generation()) {
        if (entry->status.state < GenerationState::retired) return;
    }
    if (loads_under_way() == 0) std::exchange(unloaded_, nullptr)();
}

}  // namespace protohost::unit
