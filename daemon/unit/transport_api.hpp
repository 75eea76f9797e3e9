// SPDX-License-Identifier: MIT
#pragma once

#include <protohost/abi.h>

namespace protohost::unit {

/// The transport table of the border. A handle whose connection is lost is recognised by every
/// function: it does nothing, and writes say PH_E_CLOSED.
ph_transport_api transport_api();

}  // namespace protohost::unit
