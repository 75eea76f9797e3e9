// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/base/log.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/timer.hpp"
#include "daemon/plugin/staging.hpp"
#include "daemon/unit/generation.hpp"
#include "daemon/unit/generation_status.hpp"
#include "daemon/unit/hand_over.hpp"
#include "daemon/unit/retirement.hpp"

#include <protohost/abi.h>

namespace protohost::unit {

/// All generations of all plugins that this process ever loaded. What it hands out is held by
/// bindings, and so by units and connections; when the last of them lets go, on whatever thread,
/// the generation is retired, in a turn of the loop of its own:
///
///     quiesce, again every 100 ms while it answers PH_E_BUSY, at most 10 s -> what it scheduled is
///     dropped -> unload -> retired, or unmapped where that was asked for and is proven safe
///
/// One that does not quiesce is neither unloaded nor freed.
class Generations {
public:
    /// How long a plugin may take to stop its threads while the loop runs.
    static constexpr std::chrono::seconds default_patience{10};

    /// `loop` and `host` outlive this. `host` is given to the plugins, which keep its address.
    Generations(net::Loop& loop,
                const ph_host& host,
                std::chrono::milliseconds patience = default_patience);
    /// [loop] Unloads what is left, the newest first. Waits for what does not quiesce at once, 2 s
    /// for all; what is still held by then is leaked rather than called again.
    ~Generations();
    Generations(const Generations&) = delete;
    Generations& operator=(const Generations&) = delete;

    /// [load] on any thread: maps the copy, calls entry and load. What is made of it can be
    /// released on any thread too: the plugin's release and unload are called on the loop.
    base::Result<std::shared_ptr<Generation>> load(const plugin::StagedPlugin& staged);

    /// [any] The newest one that was made of these bytes and is active or draining; nullptr: none.
    std::shared_ptr<Generation> find(std::string_view plugin, std::string_view sha256) const;

    /// [loop] When a configuration is committed: these are the ones that it uses. What was active
    /// and is not among them drains.
    void set_active(const std::vector<std::shared_ptr<Generation>>& active);

    /// [loop] Of these plugins, what is retired is unmapped where it can be, those that are retired
    /// already included. Never in a build with sanitizers.
    void set_unmapped(std::set<std::string> plugins);

    /// [any] How many have holders without being active.
    std::size_t draining() const;

    /// [loop] In the order in which they were loaded. Of those without code in memory the last few.
    std::vector<GenerationStatus> list() const;

    /// [loop] Calls `done` once, when every plugin has been unloaded or given up: from inside where
    /// it is so already.
    void when_unloaded(std::function<void()> done);

private:
    /// Stays where it is until it is forgotten, on the loop.
    struct Entry {
        // Guarded by mutex_; what has a generation is changed on the loop alone.
        GenerationStatus status;
        std::unique_ptr<Generation> generation;  ///< nullptr: not yet, or no more
        std::weak_ptr<Generation> handle;
        // [loop]
        std::unique_ptr<Retirement> retirement;
        std::unique_ptr<net::Timer> unmapping;
    };

    Entry& add(const plugin::StagedPlugin& staged);
    std::shared_ptr<Generation> hand_out(Entry& entry, std::unique_ptr<Generation> generation);
    void fail(Entry& entry, const plugin::StagedPlugin& staged, const base::Errors& errors);
    void change(Entry& entry, GenerationState state, std::string reason = {});
    std::vector<Entry*> with_generation() const;
    std::size_t loads_under_way() const;

    // Its end.
    void retire(Entry& entry);
    void retired(Entry& entry, const std::string& why_not_unloaded);
    void unmap_or_keep(Entry& entry);
    void keep_mapped(Entry& entry, const std::string& reason);
    void end(Entry& entry, std::chrono::steady_clock::time_point deadline);
    void forget();
    void check_unloaded();

    net::Loop& loop_;
    const ph_host& host_;
    const std::chrono::milliseconds patience_;
    const base::Log log_{"unit"};
    const std::shared_ptr<HandOver> hand_over_;
    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<Entry>> entries_;  // guarded by mutex_
    std::size_t loads_ = 0;                        // under way; guarded by mutex_
    std::set<std::string> unmapped_;
    std::function<void()> unloaded_;
    bool ending_ = false;
};

}  // namespace protohost::unit
