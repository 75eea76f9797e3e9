// SPDX-License-Identifier: MIT
#pragma once

#include <protohost/abi.h>

namespace protohost::unit {

/// What `host->extension` answers for "ph.tls/1".
const ph_tls_api& tls_api();

}  // namespace protohost::unit
