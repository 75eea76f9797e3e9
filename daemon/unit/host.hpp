// SPDX-License-Identifier: MIT
#pragma once

#include <protohost/abi.h>

namespace protohost::unit {

/// The tables that every plugin is given. Pinned: plugins keep the addresses.
class Host {
public:
    /// `checked`: what is called on the wrong thread is named, and does nothing.
    explicit Host(bool checked = false);
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    const ph_host& table() const { return host_; }

private:
    ph_transport_api transport_;
    ph_loop_api loop_;
    ph_host host_;
};

}  // namespace protohost::unit
