// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <ratio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <protohost/detail/context.hpp>

namespace protohost {

enum class OptionType : std::uint32_t {
    string = PH_OPTION_STRING,
    integer = PH_OPTION_INTEGER,
    number = PH_OPTION_NUMBER,
    boolean = PH_OPTION_BOOLEAN,    ///< true or false
    duration = PH_OPTION_DURATION,  ///< 250ms, 30s, 5m, 2h, 1d
    size = PH_OPTION_SIZE,          ///< 512, 64KiB, 16MiB, 1GiB
    list = PH_OPTION_LIST,          ///< of strings
    any = PH_OPTION_ANY             ///< the factory looks for itself
};

/// Declares an option of a factory, for a `constexpr` table. The daemon checks what an operator
/// wrote against it before the plugin sees anything, and says file, line, key and remedy. `deflt`
/// is written as YAML would have it; "" is the empty text of a string, and no default of any other
/// type.
constexpr ph_option option(std::string_view key,
                           OptionType type,
                           std::string_view deflt,
                           std::string_view help) {
    // The border knows an empty text, as YAML does, by its quotation marks.
    const bool empty_text = type == OptionType::string && deflt.empty();
    return {detail::to_abi(key),
            static_cast<std::uint32_t>(type),
            0,
            detail::to_abi(empty_text ? std::string_view("\"\"") : deflt),
            detail::to_abi(help)};
}

/// An option that has no default: leaving it out is an error.
constexpr ph_option required_option(std::string_view key, OptionType type, std::string_view help) {
    return {detail::to_abi(key),
            static_cast<std::uint32_t>(type),
            PH_OPTION_REQUIRED,
            {},
            detail::to_abi(help)};
}

/// An option's value that does not fit; the daemon reports it with its place. Thrown by Options and
/// passed on by the SDK: let it through.
class OptionError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

namespace detail {
template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

template <class Period>
constexpr const char* name_of_period() {
    if (std::ratio_equal_v<Period, std::nano>) return "nanoseconds";
    if (std::ratio_equal_v<Period, std::micro>) return "microseconds";
    if (std::ratio_equal_v<Period, std::milli>) return "milliseconds";
    if (std::ratio_equal_v<Period, std::ratio<1>>) return "seconds";
    if (std::ratio_equal_v<Period, std::ratio<60>>) return "minutes";
    if (std::ratio_equal_v<Period, std::ratio<3600>>) return "hours";
    return "periods of its own";
}
}  // namespace detail

/// A binding's options, or one value inside them. [load]; valid while the factory is constructed:
/// take what you need.
class Options {
public:
    Options(detail::Context context, const ph_node* node) : context_(context), node_(node) {}

    /// False where a key or an item is absent.
    explicit operator bool() const { return node_ != nullptr; }

    Options operator[](std::string_view key) const {
        return {context_, node_ ? api().get(context_.ctx, node_, detail::to_abi(key)) : nullptr};
    }
    Options at(std::size_t index) const {
        return {context_, node_ ? api().at(context_.ctx, node_, index) : nullptr};
    }
    /// Of a list or a mapping.
    std::size_t size() const { return node_ ? api().count(context_.ctx, node_) : 0; }

    /// The key of the index-th member of a mapping, in the order of the file.
    std::string key_at(std::size_t index) const {
        return std::string(detail::from_abi(api().key_at(context_.ctx, node_, index)));
    }

    /// `get<std::string>("greeting")`. std::size_t and other unsigned types read sizes ("64KiB"),
    /// signed ones integers, durations "30s".
    template <class T>
    T get(std::string_view key) const {
        const Options value = (*this)[key];
        if (!value)
            throw OptionError("option " + std::string(key) + " has neither value nor default");
        return value.as<T>();
    }

    template <class T>
    T as() const {
        if (node_ == nullptr)
            throw OptionError("an option that is read was neither given nor has a default");
        if constexpr (std::same_as<T, std::vector<std::string>>) {
            std::vector<std::string> items;
            for (std::size_t i = 0; i < size(); ++i) items.push_back(at(i).as<std::string>());
            return items;
        } else if constexpr (std::same_as<T, std::string>) {
            return std::string(detail::from_abi(read<ph_str>(api().as_string)));
        } else if constexpr (std::same_as<T, bool>) {
            return read<std::int32_t>(api().as_boolean) != 0;
        } else if constexpr (detail::is_duration<T>) {
            return narrow_duration<T>(std::chrono::nanoseconds(
                static_cast<std::int64_t>(read<std::uint64_t>(api().as_duration))));
        } else if constexpr (std::unsigned_integral<T>) {
            return narrow<T>(read<std::uint64_t>(api().as_size), " bytes");
        } else if constexpr (std::signed_integral<T>) {
            return narrow<T>(read<std::int64_t>(api().as_integer), "");
        } else {
            static_assert(std::floating_point<T>, "no option has this type");
            return static_cast<T>(read<double>(api().as_number));
        }
    }

    /// Refuses this value: the daemon reports its place, its key and `why`.
    [[noreturn]] void reject(std::string_view why) const {
        if (node_ != nullptr) api().reject(context_.ctx, node_, detail::to_abi(why));
        throw OptionError(node_ != nullptr ? std::string() : std::string(why));
    }

private:
    const ph_config_api& api() const { return *context_.host->config; }

    template <class T>
    T read(ph_status (*getter)(ph_ctx*, const ph_node*, T*)) const {
        T value{};
        if (getter(context_.ctx, node_, &value) != PH_OK) throw OptionError(std::string());
        return value;
    }
    template <class T, class Wide>
    T narrow(Wide value, const char* unit) const {
        using Limits = std::numeric_limits<T>;
        if (static_cast<Wide>(static_cast<T>(value)) != value) {
            reject_misfit("takes " + std::to_string(Limits::min()) + " to " +
                          std::to_string(Limits::max()) + unit);
        }
        return static_cast<T>(value);
    }
    template <class T>
    T narrow_duration(std::chrono::nanoseconds value) const {
        const T converted = std::chrono::duration_cast<T>(value);
        if constexpr (std::integral<typename T::rep>) {  // a fraction is rounded, as ever
            if (std::chrono::duration_cast<std::chrono::nanoseconds>(converted) == value) {
                return converted;
            }
            using Exact = std::chrono::duration<long double, typename T::period>;
            const std::string unit = detail::name_of_period<typename T::period>();
            if (Exact(value) > Exact(T::max())) {
                reject_misfit("takes at most " + std::to_string(T::max().count()) + ' ' + unit);
            }
            reject_misfit("counts in whole " + unit);
        }
        return converted;
    }
    /// "5GiB does not fit: the plugin takes 0 to 4294967295 bytes".
    [[noreturn]] void reject_misfit(const std::string& what_the_plugin_does) const {
        const std::string_view written = detail::from_abi(read<ph_str>(api().as_string));
        reject(std::string(written) + " does not fit: the plugin " + what_the_plugin_does);
    }

    detail::Context context_;
    const ph_node* node_;
};

}  // namespace protohost
