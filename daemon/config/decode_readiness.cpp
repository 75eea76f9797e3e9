// SPDX-License-Identifier: MIT
#include <optional>
#include <string>

#include "daemon/base/format.hpp"
#include "daemon/config/addresses.hpp"
#include "daemon/config/decode_process.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/kinds.hpp"
#include "daemon/config/read_process.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using Way = model::ProcessReadiness::Kind;

/// Which of the ways is chosen; a second one is reported.
class Choice {
public:
    Choice(Section& section, Report& report) : section_(section), report_(report) {}

    void add(bool is, const keys::Key& key, Way kind) {
        if (!is) return;
        if (kind_ == Way::started) {
            kind_ = kind;
            name_ = key.name;
            return;
        }
        const model::Member& member = *section_.find_member(key);
        report_.add(member.key_place,
                    {model::to_string(member.key_place, member.value.path),
                     base::format("stands beside {}, and one thing says that it is ready", name_),
                     "remove one of the two"});
    }
    Way kind() const { return kind_; }

private:
    Section& section_;
    Report& report_;
    Way kind_ = Way::started;
    std::string_view name_;
};

}  // namespace

model::ProcessReadiness decode_readiness(Section section, Report& report) {
    model::ProcessReadiness ready;
    std::optional<std::chrono::nanoseconds> after;
    std::optional<int> descriptor;
    bool notify = false;
    section.read(keys::ready::after, after, kinds::timeout_above_zero);
    section.read(keys::ready::newline, descriptor, kinds::child_descriptor);
    section.read(keys::ready::notify, notify, kinds::boolean);
    section.read(keys::ready::connect, ready.address, kinds::address<AddressUse::probe>);
    Choice choice(section, report);
    choice.add(after.has_value(), keys::ready::after, Way::after);
    choice.add(descriptor.has_value(), keys::ready::newline, Way::newline);
    choice.add(notify, keys::ready::notify, Way::notify);
    choice.add(ready.address.has_value(), keys::ready::connect, Way::connect);
    ready.kind = choice.kind();
    ready.after = after.value_or(ready.after);
    ready.descriptor = descriptor.value_or(ready.descriptor);
    // What is wrong may have been meant to be waited for.
    const bool alone = section.find(keys::ready::newline) == nullptr &&
                       section.find(keys::ready::connect) == nullptr;
    if (ready.kind == Way::after || (ready.kind == Way::started && alone)) {
        section.refuse(keys::ready::timeout,
                       "has no effect here: nothing is waited for",
                       "remove it, or say what is: newline, notify or connect");
    }
    section.read(keys::ready::timeout, ready.timeout, kinds::timeout_or_none);
    section.finish();
    return ready;
}

}  // namespace protohost::config
