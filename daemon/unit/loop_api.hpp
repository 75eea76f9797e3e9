// SPDX-License-Identifier: MIT
#pragma once

#include <protohost/abi.h>

namespace protohost::unit {

/// The loop's table of the border: what is scheduled, and asyncio's services. Where a context has
/// no unit that serves, a service answers 0 and nothing happens. So does what is [loop] on another
/// thread, or it answers PH_E_WRONG_THREAD; the log says so.
ph_loop_api loop_api();

}  // namespace protohost::unit
