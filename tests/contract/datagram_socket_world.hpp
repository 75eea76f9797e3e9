// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "daemon/base/descriptor.hpp"
#include "tests/contract/datagram_test.hpp"

namespace protohost::contract {

/// The daemon's DatagramTransport over sockets that `open` makes: non-blocking, each with an
/// address of its own.
std::unique_ptr<DatagramWorld> make_datagram_world(base::Descriptor (*open)());

/// For a DatagramKind, whose function takes no arguments.
template <base::Descriptor (*open)()>
std::unique_ptr<DatagramWorld> datagrams_over() {
    return make_datagram_world(open);
}

}  // namespace protohost::contract
