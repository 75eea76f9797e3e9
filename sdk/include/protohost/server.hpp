// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include <protohost/detail/context.hpp>
#include <protohost/transport.hpp>

namespace protohost {

/// asyncio's Server, as a handle: what create_server made. It serves until it is closed or its unit
/// goes; its own end closes nothing. [loop]
class Server {
public:
    Server() = default;
    Server(detail::Context context, ph_server* handle) : context_(context), handle_(handle) {}

    explicit operator bool() const { return handle_ != nullptr; }

    /// No new connections; those that live go on. Idempotent.
    void close() {
        if (handle_ != nullptr) api().server_close(context_.ctx, handle_);
    }

    bool is_serving() const {
        return handle_ != nullptr && api().server_is_serving(context_.ctx, handle_) != 0;
    }

    /// The address of each of its listening sockets, as get_extra_info("sockname") gives it; none once
    /// it is closed.
    std::vector<ExtraInfo> sockets() const {
        std::vector<ExtraInfo> addresses;
        ph_info info{};
        info.size = sizeof info;
        while (handle_ != nullptr &&
               api().server_address(context_.ctx, handle_, addresses.size(), &info) == PH_OK) {
            addresses.emplace_back(info);
        }
        return addresses;
    }

private:
    const ph_loop_api& api() const { return *context_.host->loop; }

    detail::Context context_;
    ph_server* handle_ = nullptr;
};

}  // namespace protohost
