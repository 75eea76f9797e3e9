// SPDX-License-Identifier: MIT
#include "daemon/plugin/hygiene.hpp"

#include <algorithm>
#include <array>
#include <elf.h>
#include <string_view>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/model/value.hpp"
#include "daemon/plugin/dynamic_table.hpp"

#include <protohost/abi.h>

namespace protohost::plugin {
namespace {

const std::string build_hint = "build it with protohost_add_plugin()";

constexpr std::string_view any_entry = "protohost_plugin_entry_v";

bool is_entry(std::string_view name) {
    if (!name.starts_with(any_entry)) return false;
    name.remove_prefix(any_entry.size());
    return !name.empty() && name.size() <= 2 &&
           std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// "foo", or "foo and 3 more".
std::string some_of(const std::vector<std::string_view>& names) {
    // A mangled name can be very long.
    std::string text(model::quote(names.front()));
    if (names.size() > 1) text += base::format(" and {} more", names.size() - 1);
    return text;
}

class Checker {
public:
    Checker(const std::string& label, const DynamicTable& table);

    base::Errors faults() const;

private:
    base::Errors entry_faults() const;

    const std::string& label_;
    const DynamicTable& table_;
    std::vector<std::string_view> entries_;
    std::vector<std::string_view> unique_;
    std::vector<std::string_view> others_;
};

Checker::Checker(const std::string& label, const DynamicTable& table)
    : label_(label), table_(table) {
    for (const DynamicSymbol& symbol : table.symbols) {
        if (!symbol.is_defined || symbol.binding == STB_LOCAL) continue;
        if (symbol.binding == STB_GNU_UNIQUE) {
            unique_.push_back(symbol.name);
        } else if (is_entry(symbol.name)) {
            entries_.push_back(symbol.name);
        } else {
            others_.push_back(symbol.name);
        }
    }
}

base::Errors Checker::entry_faults() const {
    if (std::find(entries_.begin(), entries_.end(), PH_ENTRY_SYMBOL) != entries_.end()) return {};
    if (entries_.empty()) {
        return base::failure(
            label_, base::format("does not export {}", PH_ENTRY_SYMBOL), build_hint);
    }
    return base::failure(
        label_,
        base::format("exports {}, this daemon calls {}", entries_.front(), PH_ENTRY_SYMBOL),
        "rebuild it against the SDK of this daemon");
}

base::Errors Checker::faults() const {
    base::Errors errors = entry_faults();
    if (!others_.empty()) {
        errors.push_back({label_,
                          base::format("exports {} beside its entry function", some_of(others_)),
                          build_hint + ", which exports nothing else"});
    }
    if (!unique_.empty()) {
        errors.push_back(
            {label_,
             base::format(
                 "has the GNU unique symbol {}: its generations would share what is static",
                 some_of(unique_)),
             build_hint + ", which compiles with -fno-gnu-unique"});
    }
    if (table_.has_text_relocations) {
        errors.push_back({label_,
                          "has text relocations: its code would have to be writable",
                          build_hint + ", and everything in it with -fPIC"});
    }
    return errors;
}

struct Import {
    std::string_view name;
    std::string_view reason;
};

/// What leaves something behind in the process that calls the plugin's code later, or may.
constexpr std::array imports_that_stay = {
    Import{"__cxa_thread_atexit", "it has thread-local objects with destructors"},
    Import{"__cxa_thread_atexit_impl", "it has thread-local objects with destructors"},
    Import{"pthread_key_create", "it has thread-specific data with destructors"},
    Import{"tss_create", "it has thread-specific data with destructors"},
    Import{"on_exit", "it has functions that are called when the process ends"},
    Import{"at_quick_exit", "it has functions that are called when the process ends"},
    Import{"__cxa_at_quick_exit", "it has functions that are called when the process ends"},
    Import{"pthread_create", "it can start threads"},
    Import{"thrd_create", "it can start threads"},
    // std::thread, whose pthread_create is in the library.
    Import{"_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE",
           "it can start threads"},
};

/// The reasons, each once, or empty.
std::string reasons_to_stay(const Identity& identity, const DynamicTable& table) {
    std::vector<std::string_view> reasons;
    const auto add = [&](std::string_view reason) {
        if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) {
            reasons.push_back(reason);
        }
    };
    if ((identity.flags & PH_PLUGIN_PIN) != 0) add("it asks for that (PH_PLUGIN_PIN)");
    if (table.is_never_unmapped) add("it is linked with -z nodelete");
    if ((identity.flags & PH_PLUGIN_THREADS) != 0) add("it starts threads (PH_PLUGIN_THREADS)");
    for (const DynamicSymbol& symbol : table.symbols) {
        if (symbol.is_defined) continue;
        for (const Import& import : imports_that_stay) {
            if (symbol.name == import.name) add(import.reason);
        }
    }
    std::string text;
    for (const std::string_view reason : reasons) {
        if (!text.empty()) text += "; ";
        text += reason;
    }
    return text;
}

}  // namespace

base::Result<Hygiene> check_hygiene(const std::string& label,
                                    const Identity& identity,
                                    std::span<const std::byte> image) {
    const auto table = read_dynamic_table(label, image);
    if (!table) return table.error();
    if (auto faults = Checker(label, *table).faults(); !faults.empty()) return faults;
    Hygiene hygiene;
    hygiene.stays_mapped = reasons_to_stay(identity, *table);
    hygiene.needed.assign(table->needed.begin(), table->needed.end());
    hygiene.mapped_bytes = table->mapped_bytes;
    return hygiene;
}

}  // namespace protohost::plugin
