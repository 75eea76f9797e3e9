// SPDX-License-Identifier: MIT
#pragma once

namespace protohost::unit {

/// What runs inside the process of a probe, `protohostd --probe`: reads a request on standard
/// input, does with the plugin what the daemon would, and tells on standard output what it does
/// before it does it. See plugin::probe, which starts it. Ends the process; returns, with an exit
/// code, where it was given no request.
int run_probe();

}  // namespace protohost::unit
