// SPDX-License-Identifier: MIT
#pragma once

#include <protohost/address.hpp>
#include <protohost/detail/factory.hpp>
#include <protohost/loop.hpp>
#include <protohost/options.hpp>
#include <protohost/protocol.hpp>
#include <protohost/services.hpp>
#include <protohost/transport.hpp>

namespace protohost {

/// Declares one protocol factory of a plugin, for PROTOHOST_PLUGIN. `name` is what `protocol:` in
/// the configuration says, after the plugin's name and a slash; `options` is a static table.
///
/// F is either a protocol that needs nothing to be made, or a class of your own that is
///   - constructed once per definition, from `const protohost::Options&` or from nothing; [load],
///     and for `protohostd --check` too, so without side effects; what it throws is reported with
///     the place of the definition,
///   - called like asyncio's protocol_factory: `std::unique_ptr<P> operator()()` makes the protocol
///     of one connection; [loop]; P says what kind of factory it is: for datagrams where it
///     derives from DatagramProtocol, for processes where from SubprocessProtocol, else for
///     streams,
///   - where it has `void started(protohost::Loop)`, called once after the definition became
///     active, so that it can act without a connection ([loop]),
///   - and, where it has `void stopped()`, called once when the definition goes, or when a reload
///     has put another factory in its place ([loop]): the place to end what `started` began.
///     Living connections keep this factory, so it may live on for long.
/// It outlives its protocols.
template <class F>
constexpr ph_factory factory(std::string_view name,
                             std::string_view summary,
                             std::span<const ph_option> options = {}) {
    return detail::FactoryCallbacks<F>::make(name, summary, options);
}

}  // namespace protohost

/// Makes a plugin of this library: name, version, and its factories. Once per library, at namespace
/// scope. Name and version are read from the file before any of its code runs; each is at most 31
/// characters.
#define PROTOHOST_PLUGIN(plugin_name, plugin_version, ...) \
    PROTOHOST_PLUGIN_WITH_FLAGS(0u, plugin_name, plugin_version, __VA_ARGS__)

/// The same, with what the daemon has to know before it loads the plugin: PH_PLUGIN_THREADS, it
/// starts threads; PH_PLUGIN_PIN, its code must stay mapped. A plugin that starts threads and does
/// not say so is refused.
#define PROTOHOST_PLUGIN_WITH_FLAGS(plugin_flags, plugin_name, plugin_version, ...)       \
    static_assert(sizeof(plugin_name) <= sizeof(ph_note::name),                           \
                  "the name of a plugin has at most 31 characters");                      \
    static_assert(sizeof(plugin_version) <= sizeof(ph_note::version),                     \
                  "the version of a plugin has at most 31 characters");                   \
    PH_PLUGIN_NOTE(plugin_name, plugin_version, 0u, plugin_flags);                        \
    extern "C" PH_EXPORT const ph_plugin* protohost_plugin_entry_v1(const ph_host*);      \
    extern "C" const ph_plugin* protohost_plugin_entry_v1(const ph_host*) {               \
        static constexpr ph_factory factories[] = {__VA_ARGS__};                          \
        static constexpr auto pointers = ::protohost::detail::pointers_to(factories);     \
        static constexpr ph_plugin plugin = ::protohost::detail::make_plugin(             \
            plugin_flags, plugin_name, plugin_version, pointers.data(), pointers.size()); \
        return &plugin;                                                                   \
    }                                                                                     \
    static_assert(true)
