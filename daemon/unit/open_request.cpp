// SPDX-License-Identifier: MIT
#include "daemon/unit/open_request.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "daemon/base/failure.hpp"
#include "daemon/base/format.hpp"
#include "daemon/net/guard.hpp"
#include "daemon/plugin/factory.hpp"

namespace protohost::unit {

namespace {

/// The caller's struct may be shorter than ours: what it does not have is zero.
ph_open whole(const ph_open& given) {
    ph_open open{};
    open.descriptor = -1;
    std::memcpy(&open, &given, std::min<std::size_t>(given.size, sizeof open));
    return open;
}

std::optional<model::Address> read_address(const char* name, ph_str text, std::string& problem) {
    if (text.n == 0) return std::nullopt;
    std::string reason;
    auto address = model::parse_address({text.p, text.n}, reason);
    if (!address && problem.empty()) {
        problem = base::format("{} \"{}\": {}", name, std::string_view(text.p, text.n), reason);
    }
    return address;
}

}  // namespace

std::chrono::nanoseconds as_duration(std::uint64_t nanoseconds) {
    constexpr auto longest =
        static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() / 4);
    return std::chrono::nanoseconds(std::min(nanoseconds, longest));
}

OpenCallbacks::OpenCallbacks(OpenCallbacks&& other) noexcept
    : context_(other.context_),
      make_(other.make_),
      drop_(std::exchange(other.drop_, nullptr)),
      arg_(other.arg_) {}

OpenCallbacks::~OpenCallbacks() {
    if (drop_ != nullptr) context_->guard("a drop", [&] { drop_(arg_); });
}

ph_status OpenCallbacks::make(std::uint32_t kind, ph_proto& out) const {
    out = {};
    if (make_ == nullptr) {
        base::set_failure("no protocol factory was given");
        return PH_E_INVAL;
    }
    ph_proto made{};
    const ph_status status = net::guarded(context_->loop, [&] { return make_(arg_, &made); });
    if (status < 0) return status;
    if (const auto fault = plugin::protocol_fault(made, kind); !fault.empty()) {
        base::set_failure(base::format("the protocol factory returned {}", fault));
        return PH_E_INVAL;
    }
    out = made;
    return PH_OK;
}

OpenRequest::OpenRequest(ph_ctx& context, const ph_open& given)
    : timeout(as_duration(whole(given).timeout)), callbacks(context, whole(given)) {
    const ph_open open = whole(given);
    // 0 is what a zeroed struct says; the daemon keeps the first three for itself.
    if (const int fd = static_cast<int>(open.descriptor); fd > 0) {
        if (context.loop.references().has_descriptor(fd)) {
            problem =
                base::format("a transport has descriptor {} already, which stays as it is", fd);
        } else {
            descriptor = base::Descriptor(fd);
        }
    }
    address = read_address("address", open.address, problem);
    local = read_address("local", open.local, problem);
    tls = (open.flags & PH_OPEN_TLS) != 0;
    server_name = std::string(open.server_name.p, open.server_name.n);
    if (server_name.empty() && address && address->kind == model::Address::Kind::tcp) {
        server_name = address->host;
    }
    if ((open.flags & ~std::uint32_t{PH_OPEN_TLS}) != 0 && problem.empty()) {
        problem = "flags has a bit that this daemon does not know";
    }
}

OpenRequest OpenRequest::without_place(ph_ctx& context, const ph_open& given) {
    ph_open open = whole(given);
    open.size = sizeof open;
    open.flags = 0;
    open.address = {};
    open.local = {};
    open.descriptor = -1;
    return {context, open};
}

OpenError OpenError::of(const base::Errors& errors) {
    base::Error error = errors.front();
    error.where.clear();
    return {error.os_errno != 0 ? PH_E_OS : PH_E_INVAL, error.os_errno, base::to_string(error)};
}

}  // namespace protohost::unit
