// SPDX-License-Identifier: MIT
#include "daemon/unit/generations.hpp"

#include <algorithm>
#include <utility>

#include "daemon/plugin/library.hpp"

namespace protohost::unit {
namespace {

GenerationStatus describe(const plugin::StagedPlugin& staged) {
    GenerationStatus status;
    status.plugin = staged.identity.name;
    status.number = staged.generation;
    status.version = staged.identity.version;
    status.build_id = staged.identity.build_id;
    status.sha256 = staged.contents.sha256;
    status.source = staged.source;
    status.since = std::chrono::system_clock::now();
    return status;
}

}  // namespace

Generations::Generations(net::Loop& loop, const ph_host& host, std::chrono::milliseconds patience)
    : loop_(loop), host_(host), patience_(patience), hand_over_(std::make_shared<HandOver>(loop)) {}

base::Result<std::shared_ptr<Generation>> Generations::load(const plugin::StagedPlugin& staged) {
    Entry& entry = add(staged);
    auto opened = Generation::open(staged, host_, loop_, hand_over_);
    if (!opened) {
        fail(entry, staged, opened.error());
        return opened.error();
    }
    std::unique_ptr<Generation> generation = std::move(*opened);
    if (auto errors = generation->load(); !errors.empty()) {
        fail(entry, staged, errors);
        // What it may have left with the loop ends there.
        hand_over_->put([ends = std::shared_ptr<Generation>(std::move(generation))] {});
        return errors;
    }
    return hand_out(entry, std::move(generation));
}

Generations::Entry& Generations::add(const plugin::StagedPlugin& staged) {
    auto entry = std::make_unique<Entry>();
    entry->status = describe(staged);
    const std::lock_guard lock(mutex_);
    ++loads_;
    entries_.push_back(std::move(entry));
    return *entries_.back();
}

std::shared_ptr<Generation> Generations::hand_out(Entry& entry,
                                                  std::unique_ptr<Generation> generation) {
    // Owned by the entry: what is handed out only says when nobody has it any more.
    const auto released = [this, &entry, weak = std::weak_ptr(hand_over_)](Generation*) {
        // Done by this while it lives, and by nobody after that.
        if (const auto hand_over = weak.lock()) hand_over->put([this, &entry] { retire(entry); });
    };
    std::shared_ptr<Generation> handle(generation.get(), released);
    const std::lock_guard lock(mutex_);
    --loads_;
    entry.handle = handle;
    entry.generation = std::move(generation);
    return handle;
}

void Generations::fail(Entry& entry,
                       const plugin::StagedPlugin& staged,
                       const base::Errors& errors) {
    const bool mapped = plugin::is_mapped(staged.path);
    {
        const std::lock_guard lock(mutex_);
        --loads_;
        entry.status.mapped_bytes = mapped ? staged.hygiene.mapped_bytes : 0;
    }
    change(entry, GenerationState::failed, base::to_string(errors.front()));
    hand_over_->put([this] { forget(); });
}

void Generations::change(Entry& entry, GenerationState state, std::string reason) {
    const std::lock_guard lock(mutex_);
    entry.status.state = state;
    entry.status.since = std::chrono::system_clock::now();
    entry.status.reason = std::move(reason);
}

std::shared_ptr<Generation> Generations::find(std::string_view plugin,
                                              std::string_view sha256) const {
    const std::lock_guard lock(mutex_);
    for (auto each = entries_.rbegin(); each != entries_.rend(); ++each) {
        const GenerationStatus& status = (*each)->status;
        const bool serves =
            status.state == GenerationState::active || status.state == GenerationState::draining;
        if (!serves || status.plugin != plugin || status.sha256 != sha256) continue;
        if (auto held = (*each)->handle.lock()) return held;
    }
    return nullptr;
}

void Generations::set_active(const std::vector<std::shared_ptr<Generation>>& active) {
    for (Entry* const entry : with_generation()) {
        const auto is_it = [&](const auto& one) { return one.get() == entry->generation.get(); };
        const bool wanted = std::any_of(active.begin(), active.end(), is_it);
        const GenerationState state = entry->status.state;
        if (wanted && state != GenerationState::active) {
            change(*entry, GenerationState::active);
        } else if (!wanted && state == GenerationState::active) {
            change(*entry, GenerationState::draining);
        }
    }
}

std::size_t Generations::draining() const {
    const std::lock_guard lock(mutex_);
    const auto drains = [](const auto& entry) {
        return entry->status.state == GenerationState::draining && !entry->handle.expired();
    };
    return static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), drains));
}

std::vector<GenerationStatus> Generations::list() const {
    std::vector<GenerationStatus> all;
    const std::lock_guard lock(mutex_);
    for (const auto& entry : entries_) {
        all.push_back(entry->status);
        if (entry->generation == nullptr) continue;
        all.back().holders = entry->generation->holders();
        all.back().mapped_bytes = entry->generation->staged().hygiene.mapped_bytes;
    }
    return all;
}

std::vector<Generations::Entry*> Generations::with_generation() const {
    std::vector<Entry*> found;
    const std::lock_guard lock(mutex_);
    for (const auto& entry : entries_) {
        if (entry->generation != nullptr) found.push_back(entry.get());
    }
    return found;
}

std::size_t Generations::loads_under_way() const {
    const std::lock_guard lock(mutex_);
    return loads_;
}

}  // namespace protohost::unit
