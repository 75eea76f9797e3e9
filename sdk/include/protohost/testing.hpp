// SPDX-License-Identifier: MIT
#pragma once

// The test kit: for the unit tests of a protocol, in whatever framework. The code under test is
// compiled into the test program and sees the same SDK as in the daemon; the transports, the loop
// and the clock behind it are in memory and in the hands of the test.
//
//     Host              the loop, its clock, the log, and what was asked of them
//     Connection        a stream transport with one protocol; its peer is the test
//     DatagramEndpoint  the same for datagrams
//     Process           the same for a program
//     Listener          a protocol factory with its options, and many connections
//     Opening           what the code under test wanted to be opened: create_connection and others
//     feed_in_pieces    the same input, cut in every way
//
// One thread, no sockets, no time that passes. The rules of the transports are the daemon's.

#include <protohost/testing/connection.hpp>
#include <protohost/testing/datagram_endpoint.hpp>
#include <protohost/testing/host.hpp>
#include <protohost/testing/listener.hpp>
#include <protohost/testing/opening.hpp>
#include <protohost/testing/options.hpp>
#include <protohost/testing/pieces.hpp>
#include <protohost/testing/process.hpp>
#include <protohost/testing/values.hpp>
