// SPDX-License-Identifier: MIT
#pragma once

#include "daemon/config/section.hpp"
#include "daemon/model/configuration.hpp"

namespace protohost::config {

/// The section `control`.
model::ControlSettings decode_control(Section section);

}  // namespace protohost::config
