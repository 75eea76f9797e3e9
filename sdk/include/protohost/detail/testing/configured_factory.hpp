// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include <protohost/abi.h>
#include <protohost/detail/factory.hpp>
#include <protohost/detail/testing/complete_options.hpp>
#include <protohost/detail/testing/core.hpp>
#include <protohost/detail/testing/guard.hpp>

/// Of the plugin whose sources are part of the test program: what PROTOHOST_PLUGIN defines.
extern "C" PH_EXPORT const ph_plugin* protohost_plugin_entry_v1(const ph_host*);

namespace protohost::detail::testing {

/// A plugin's instance and one factory of it with the options of a unit, from load to unload.
class ConfiguredFactory {
public:
    /// A factory by itself: one that protohost::factory() made.
    ConfiguredFactory(Core& core, const ph_factory& factory, const OptionValues& options)
        : instance_(core.new_unit(false)), unit_(core.new_unit(true)), declared_(whole(factory)) {
        plugin_.size = sizeof plugin_;
        plugin_.load = detail::load;
        plugin_.unload = detail::unload;
        configure(options);
    }
    /// One of a whole plugin's; "" is the first.
    ConfiguredFactory(Core& core,
                      ph_entry_fn entry,
                      std::string_view name,
                      const OptionValues& options)
        : instance_(core.new_unit(false)), unit_(core.new_unit(true)) {
        const ph_plugin* const plugin = entry(&core.host);
        if (plugin == nullptr) throw std::invalid_argument("the plugin refuses this host");
        plugin_ = whole(*plugin);
        declared_ = find(name);
        configure(options);
    }
    ~ConfiguredFactory() {
        unit_.core.release(unit_);
        if (declared_.release != nullptr) declared_.release(unit_.ctx(), factory_);
        unload();
    }
    ConfiguredFactory(const ConfiguredFactory&) = delete;
    ConfiguredFactory& operator=(const ConfiguredFactory&) = delete;

    Unit& unit() { return unit_; }

    void started() {
        if (declared_.started == nullptr) return;
        const ph_status status = guarded([&] { return declared_.started(unit_.ctx(), factory_); });
        if (status < 0) unit_.core.log.write(PH_LOG_ERROR, "started failed: " + take_failure());
    }
    void stopped() {
        if (declared_.stopped == nullptr) return;
        const ph_status status = guarded([&] { return declared_.stopped(unit_.ctx(), factory_); });
        if (status < 0) unit_.core.log.write(PH_LOG_ERROR, "stopped failed: " + take_failure());
    }
    ph_proto make_protocol() {
        ph_proto protocol{};
        const ph_status status =
            guarded([&] { return declared_.make_protocol(unit_.ctx(), factory_, &protocol); });
        if (status < 0) throw std::runtime_error("make_protocol failed: " + take_failure());
        return protocol;
    }

private:
    /// A table may come from an older header, and be shorter.
    template <class Table>
    static Table whole(const Table& given) {
        Table table{};
        std::memcpy(&table, &given, std::min<std::size_t>(given.size, sizeof table));
        return table;
    }
    ph_factory find(std::string_view name) const {
        for (std::size_t i = 0; i < plugin_.factory_count; ++i) {
            const ph_factory& factory = *plugin_.factories[i];
            if (name.empty() || from_abi(factory.name) == name) return whole(factory);
        }
        throw std::invalid_argument("the plugin has no factory \"" + std::string(name) + "\"");
    }
    void configure(const OptionValues& given) {
        const OptionNode options =
            complete_options(given, {declared_.options, declared_.option_count});
        if (plugin_.load != nullptr) {
            const ph_status status =
                guarded([&] { return plugin_.load(&unit_.core.host, instance_.ctx(), &loaded_); });
            if (status < 0) throw std::invalid_argument("load failed: " + take_failure());
        }
        const ph_status status = guarded(
            [&] { return declared_.configure(unit_.ctx(), loaded_, options.handle(), &factory_); });
        if (status >= 0) return;
        const std::string why = take_failure();
        unload();
        throw std::invalid_argument(why);
    }
    void unload() {
        const std::uint64_t deadline = instance_.core.schedule.now() + 2'000'000'000;
        if (plugin_.quiesce != nullptr) plugin_.quiesce(loaded_, deadline);
        instance_.core.release(instance_);
        if (plugin_.unload != nullptr) plugin_.unload(loaded_);
    }

    Unit& instance_;
    Unit& unit_;
    ph_plugin plugin_{};
    ph_factory declared_{};
    void* loaded_ = nullptr;
    void* factory_ = nullptr;
};

/// Of a class that is a factory and what it made: the factory outlives that.
struct FactoryHolder {
    std::unique_ptr<ConfiguredFactory> configured;
};

}  // namespace protohost::detail::testing
