// SPDX-License-Identifier: MIT
#include "daemon/plugin/declaration.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/plugin/default_value.hpp"
#include "daemon/plugin/option_type.hpp"

namespace protohost::plugin {
namespace {

constexpr std::uint32_t known_plugin_flags = PH_PLUGIN_PIN | PH_PLUGIN_THREADS;
constexpr std::uint32_t known_option_flags = PH_OPTION_REQUIRED;
/// No table is that long; a count above is a pointer or an uninitialised word.
constexpr std::size_t most = 1000;

// What the first release of this major had; nothing can be shorter.
constexpr std::size_t least_plugin = offsetof(ph_plugin, load);
constexpr std::size_t least_factory = offsetof(ph_factory, started);

/// A zeroed local copy of min(theirs, ours) bytes; what is missing reads as not set.
template <class Table>
Table copied(const Table& given) {
    Table table{};
    std::memcpy(&table, &given, std::min<std::size_t>(given.size, sizeof(Table)));
    return table;
}

/// A checker that collects, so that an author mends everything in one go.
class Checker {
public:
    Checker(const std::string& label, base::Errors& errors) : label_(label), errors_(errors) {}

    void options(const std::string& factory, const ph_factory& table);
    void factory(std::size_t index, const ph_factory* given, std::vector<DeclaredFactory>& into);
    void plugin(const Identity& identity, const ph_plugin& table);

private:
    void fault(std::string what, std::string hint = {}) {
        errors_.push_back({label_, std::move(what), std::move(hint)});
    }
    void option(const std::string& factory, const ph_option& option);

    const std::string& label_;
    base::Errors& errors_;
};

void Checker::plugin(const Identity& identity, const ph_plugin& table) {
    if (view(table.name) != identity.name) {
        fault(base::format(
            "its note names it \"{}\", its table \"{}\"", identity.name, view(table.name)));
    }
    if (const std::uint32_t unknown = table.flags & ~known_plugin_flags; unknown != 0) {
        fault(base::format("it sets flags {:#x}, unknown to this daemon", unknown),
              "upgrade the daemon");
    }
    if (table.factory_count == 0) {
        fault("it has no protocol factory");
    } else if (table.factory_count > most || table.factories == nullptr) {
        fault(base::format("its table of {} factories cannot be right", table.factory_count));
    }
}

void Checker::option(const std::string& factory, const ph_option& option) {
    const std::string subject =
        base::format("factory \"{}\": option \"{}\"", factory, view(option.key));
    if (type_name(option.type).empty()) {
        fault(base::format("{} is of type {}, unknown to this daemon", subject, option.type),
              "upgrade the daemon");
        return;
    }
    if (const std::uint32_t unknown = option.flags & ~known_option_flags; unknown != 0) {
        fault(base::format("{} sets flags {:#x}, unknown to this daemon", subject, unknown),
              "upgrade the daemon");
    }
    const std::string_view text = view(option.deflt);
    if (text.empty()) return;
    if ((option.flags & PH_OPTION_REQUIRED) != 0) {
        fault(subject + " is required and has a default");
    }
    if (!default_value(option.type, text)) {
        fault(base::format(
            "{} has the default {}, which is no {}", subject, text, type_name(option.type)));
    }
}

void Checker::options(const std::string& factory, const ph_factory& table) {
    if (table.option_count > most || (table.option_count > 0 && table.options == nullptr)) {
        fault(base::format("factory \"{}\": its table of {} options cannot be right",
                           factory,
                           table.option_count));
        return;
    }
    std::vector<std::string_view> keys;
    for (const ph_option& each : std::span(table.options, table.option_count)) {
        const std::string_view key = view(each.key);
        if (key.empty()) {
            fault(base::format("factory \"{}\" has an option without a key", factory));
            continue;
        }
        if (std::find(keys.begin(), keys.end(), key) != keys.end()) {
            fault(base::format("factory \"{}\" declares the option \"{}\" twice", factory, key));
        }
        keys.push_back(key);
        option(factory, each);
    }
}

void Checker::factory(std::size_t index,
                      const ph_factory* given,
                      std::vector<DeclaredFactory>& into) {
    if (given == nullptr || given->size < least_factory) {
        fault(given == nullptr
                  ? base::format("its factory {} is NULL", index)
                  : base::format("its factory {} is only {} bytes long", index, given->size));
        return;
    }
    DeclaredFactory declared;
    declared.table = copied(*given);
    declared.name = view(declared.table.name);
    declared.kind = declared.table.kind;
    declared.summary = view(declared.table.summary);
    const std::size_t before = errors_.size();
    if (!is_name(declared.name)) {
        fault(base::format("its factory {} is named \"{}\"", index, declared.name),
              "a name is letters, digits, - and _");
    }
    const bool taken = std::any_of(into.begin(), into.end(), [&](const DeclaredFactory& other) {
        return other.name == declared.name;
    });
    if (taken) fault(base::format("it has two factories named \"{}\"", declared.name));
    if (kind_name(declared.kind).empty()) {
        fault(base::format("factory \"{}\" makes protocols of kind {}, unknown to this daemon",
                           declared.name,
                           declared.kind),
              "upgrade the daemon");
    }
    if (declared.table.configure == nullptr) {
        fault(base::format("factory \"{}\" has no configure", declared.name));
    }
    if (declared.table.make_protocol == nullptr) {
        fault(base::format("factory \"{}\" has no make_protocol", declared.name));
    }
    options(declared.name, declared.table);
    if (errors_.size() != before) return;
    declared.options = std::span(declared.table.options, declared.table.option_count);
    into.push_back(std::move(declared));
}

}  // namespace

std::string_view kind_name(std::uint32_t kind) {
    switch (kind) {
        case PH_STREAM:
            return "stream";
        case PH_DATAGRAM:
            return "datagram";
        case PH_SUBPROCESS:
            return "subprocess";
        default:
            return "";
    }
}

base::Errors check_kind(const std::string& where,
                        const DeclaredFactory& declared,
                        std::uint32_t wanted,
                        const std::string& title) {
    if (declared.kind == wanted) return {};
    return base::failure(
        where,
        base::format("factory \"{}\" makes {} protocols, and {} needs {} protocols",
                     declared.name,
                     kind_name(declared.kind),
                     title,
                     kind_name(wanted)),
        "see protohostd --dump-plugin for what a plugin has");
}

base::Result<Declaration> read_declaration(const std::string& label,
                                           const Identity& identity,
                                           const ph_plugin& given) {
    if (given.size < least_plugin) {
        return base::failure(label,
                             base::format("its plugin table is only {} bytes long", given.size));
    }
    Declaration declaration;
    declaration.table = copied(given);
    base::Errors errors;
    Checker checker(label, errors);
    checker.plugin(identity, declaration.table);
    if (!errors.empty()) return errors;
    for (std::size_t i = 0; i < declaration.table.factory_count; ++i) {
        checker.factory(i, declaration.table.factories[i], declaration.factories);
    }
    if (!errors.empty()) return errors;
    return declaration;
}

}  // namespace protohost::plugin
