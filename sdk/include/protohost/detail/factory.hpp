// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

#include <protohost/loop.hpp>
#include <protohost/options.hpp>
#include <protohost/protocol.hpp>

// The way from the ABI's plugin and factory tables to an author's classes.

namespace protohost::detail {

/// asyncio's `lambda: P()`, for protocols that need nothing.
template <class P>
struct DefaultFactory {
    std::unique_ptr<P> operator()() { return std::make_unique<P>(); }
};

/// What a factory call makes, and of what kind that is. A factory that may make this or that, and
/// so says BaseProtocol, makes streams.
template <class Made>
struct MadeBy;
template <class P>
struct MadeBy<std::unique_ptr<P>> {
    static_assert(std::derived_from<P, BaseProtocol>, "a factory makes protocols");
    static constexpr std::uint32_t kind = std::derived_from<P, DatagramProtocol>     ? PH_DATAGRAM
                                          : std::derived_from<P, SubprocessProtocol> ? PH_SUBPROCESS
                                                                                     : PH_STREAM;
};

template <class F>
struct FactoryCallbacks {
    using Call = std::conditional_t<std::derived_from<F, BaseProtocol>, DefaultFactory<F>, F>;

    struct Bound {
        Context context;
        Call call;
    };

    static Call construct(const Options& options) {
        if constexpr (std::constructible_from<Call, const Options&>) {
            return Call(options);
        } else {
            static_assert(
                std::default_initializable<Call>,
                "a factory is constructed from const protohost::Options& or from nothing");
            return Call();
        }
    }

    /// `ctx` is the unit's: what its protocols open, schedule and log goes by that name.
    static ph_status configure(ph_ctx* ctx, void* instance, const ph_node* node, void** factory) {
        const Context context{static_cast<Context*>(instance)->host, ctx};
        try {
            *factory = new Bound{context, construct(Options(context, node))};
            return PH_OK;
        } catch (const OptionError& error) {
            // Without a text of its own, the daemon has already set one that names the place.
            if (*error.what() != '\0') context.fail(PH_E_INVAL, error.what());
            return PH_E_INVAL;
        } catch (const std::exception& error) {
            return context.fail(PH_E_EXCEPTION, error.what());
        } catch (...) {
            return context.fail(PH_E_EXCEPTION, "threw something that is no std::exception");
        }
    }
    static ph_status make_protocol(ph_ctx*, void* factory, ph_proto* out) {
        auto& bound = *static_cast<Bound*>(factory);
        return guarded(bound.context, [&] {
            *out = Binding::bind(bound.context, bound.call());
            return ph_status{PH_OK};
        });
    }
    static ph_status started(ph_ctx*, void* factory) {
        auto& bound = *static_cast<Bound*>(factory);
        return guarded(bound.context, [&] {
            if constexpr (requires { bound.call.started(Loop()); }) {
                bound.call.started(Loop(bound.context));
            }
            return ph_status{PH_OK};
        });
    }
    static ph_status stopped(ph_ctx*, void* factory) {
        auto& bound = *static_cast<Bound*>(factory);
        return guarded(bound.context, [&] {
            if constexpr (requires { bound.call.stopped(); }) bound.call.stopped();
            return ph_status{PH_OK};
        });
    }
    static void release(ph_ctx*, void* factory) { delete static_cast<Bound*>(factory); }

    static constexpr ph_factory make(std::string_view name,
                                     std::string_view summary,
                                     std::span<const ph_option> options) {
        ph_factory factory{};
        factory.size = sizeof factory;
        factory.kind = MadeBy<std::invoke_result_t<Call&>>::kind;
        factory.name = to_abi(name);
        factory.summary = to_abi(summary);
        factory.options = options.data();
        factory.option_count = options.size();
        factory.configure = configure;
        factory.make_protocol = make_protocol;
        factory.started = started;
        factory.release = release;
        factory.stopped = stopped;
        return factory;
    }
};

/// The plugin's instance is the context that its factories were loaded with.
inline ph_status load(const ph_host* host, ph_ctx* ctx, void** instance) {
    *instance = new Context{host, ctx};
    return PH_OK;
}
inline void unload(void* instance) {
    delete static_cast<Context*>(instance);
}

template <std::size_t N>
constexpr std::array<const ph_factory*, N> pointers_to(const ph_factory (&factories)[N]) {
    std::array<const ph_factory*, N> pointers{};
    for (std::size_t i = 0; i < N; ++i) pointers[i] = &factories[i];
    return pointers;
}

constexpr ph_plugin make_plugin(std::uint32_t flags,
                                std::string_view name,
                                std::string_view version,
                                const ph_factory* const* factories,
                                std::size_t count) {
    ph_plugin plugin{};
    plugin.size = sizeof plugin;
    plugin.flags = flags;
    plugin.name = to_abi(name);
    plugin.version = to_abi(version);
    plugin.factories = factories;
    plugin.factory_count = count;
    plugin.load = load;
    plugin.unload = unload;
    return plugin;
}

}  // namespace protohost::detail
