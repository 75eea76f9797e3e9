// SPDX-License-Identifier: MIT
#pragma once

#include "daemon/config/kind.hpp"
#include "daemon/config/read_address.hpp"
#include "daemon/config/writers.hpp"

namespace protohost::config {

/// What an address may be where it is used so, in the words of JSON Schema.
model::Node address_shape(AddressUse use);

/// One of them, or a list.
model::Node listen_shape();

namespace kinds {

template <AddressUse use>
base::Result<LocatedAddress> read_address_for(const model::Node& node) {
    return read_address(node, use);
}

template <AddressUse use>
model::Node address_shape_for() {
    return address_shape(use);
}

template <AddressUse use>
inline constexpr Kind<LocatedAddress> address{
    read_address_for<use>, write_address, address_shape_for<use>};

}  // namespace kinds

}  // namespace protohost::config
