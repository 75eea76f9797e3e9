// SPDX-License-Identifier: MIT
#include "daemon/config/decode_write_buffer.hpp"

#include <cstdint>
#include <limits>

#include "daemon/base/format.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/kinds.hpp"
#include "daemon/config/words.hpp"
#include "daemon/model/quantity.hpp"

namespace protohost::config {
namespace {

using model::Node;

/// asyncio's rule for watermarks: of the two, the one that is absent follows from the other.
void complete_watermarks(model::WriteBuffer& buffer, bool has_high, bool has_low) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    if (has_high && !has_low) buffer.low = buffer.high / 4;
    if (has_low && !has_high) buffer.high = buffer.low > most / 4 ? most : buffer.low * 4;
}

void check_order(const model::WriteBuffer& buffer, Section& section, Report& report) {
    const Node* const high = section.find(keys::write_buffer::high);
    const Node* const low = section.find(keys::write_buffer::low);
    const Node* const limit = section.find(keys::write_buffer::limit);
    if (high != nullptr && low != nullptr && buffer.low > buffer.high) {
        report.add(*low,
                   base::format("low ({}) is above high ({})",
                                model::format_size(buffer.low),
                                model::format_size(buffer.high)),
                   "writing resumes at low, so it is at most high");
    }
    const Node* const guilty = limit != nullptr ? limit : high != nullptr ? high : low;
    if (guilty != nullptr && buffer.high > buffer.limit) {
        report.add(*guilty,
                   base::format("limit ({}) is below high ({})",
                                model::format_size(buffer.limit),
                                model::format_size(buffer.high)),
                   "set limit to at least high");
    }
}

}  // namespace

model::WriteBuffer decode_write_buffer(Section section, Report& report) {
    model::WriteBuffer buffer;
    bool right = true;
    const auto read_size = [&](const keys::Key& key, std::uint64_t& into) {
        const bool filled = section.read(key, into, kinds::size);
        right = right && (filled || section.find(key) == nullptr);
        return filled;
    };
    const bool has_high = read_size(keys::write_buffer::high, buffer.high);
    const bool has_low = read_size(keys::write_buffer::low, buffer.low);
    read_size(keys::write_buffer::limit, buffer.limit);
    section.read(
        keys::write_buffer::policy, buffer.policy, kinds::word<model::WriteBuffer::Policy>);
    section.finish();
    complete_watermarks(buffer, has_high, has_low);
    section.hold(keys::write_buffer::high, buffer.high, kinds::size);
    section.hold(keys::write_buffer::low, buffer.low, kinds::size);
    if (right) check_order(buffer, section, report);
    return buffer;
}

}  // namespace protohost::config
