// SPDX-License-Identifier: MIT
#include "daemon/unit/output_ring.hpp"

#include <algorithm>

namespace protohost::unit {

void OutputRing::append(std::string_view bytes) {
    if (kept_.empty()) kept_.resize(capacity);
    end_ += bytes.size();
    if (bytes.size() > capacity) bytes.remove_prefix(bytes.size() - capacity);
    const auto at = static_cast<std::size_t>((end_ - bytes.size()) % capacity);
    const std::size_t first = std::min(bytes.size(), capacity - at);
    std::copy_n(bytes.data(), first, kept_.data() + at);
    std::copy_n(bytes.data() + first, bytes.size() - first, kept_.data());
}

OutputRing::Part OutputRing::since(std::uint64_t from) const {
    from = std::min(from, end_);
    const std::uint64_t oldest = end_ > capacity ? end_ - capacity : 0;
    const std::uint64_t begin = std::max(from, oldest);
    Part part;
    part.end = end_;
    part.skipped = begin - from;
    const auto size = static_cast<std::size_t>(end_ - begin);
    const auto at = static_cast<std::size_t>(begin % capacity);
    if (size > 0) {
        part.text = kept_.substr(at, size);
        part.text += kept_.substr(0, size - part.text.size());
    }
    return part;
}

OutputRing::Part OutputRing::last_lines(std::size_t count) const {
    Part part = since(end_ > capacity ? end_ - capacity : 0);
    // The last line may not have ended yet.
    std::size_t at = part.text.size();
    if (at > 0 && part.text.back() == '\n') --at;
    for (; count > 0 && at != std::string::npos && at > 0; --count)
        at = part.text.rfind('\n', at - 1);
    if (count == 0 && at != std::string::npos) part.text.erase(0, part.text.empty() ? 0 : at + 1);
    return part;
}

}  // namespace protohost::unit
