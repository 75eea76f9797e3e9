// SPDX-License-Identifier: MIT
#pragma once

#include <protohost/abi.h>

namespace protohost::unit {

/// transport_api(), and each entry looks first whether it was called on the loop's thread: on
/// another it does nothing, answers PH_E_WRONG_THREAD where it can, and the log names it. For
/// `--plugin-checks`: a look at the thread is more than a message may cost.
ph_transport_api checked_transport_api();

}  // namespace protohost::unit
