// SPDX-License-Identifier: MIT
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/base/log.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/plugin/staging.hpp"
#include "daemon/supervisor/installation.hpp"

namespace protohost::supervisor {

/// Makes this process, which root has started, what `user` and `group` say, and gives him what he
/// will need: the state directory and the folder of the default control socket. There is no way
/// back; of the rights of root only CAP_NET_BIND_SERVICE stays, for this process and not for what
/// it starts. To be called while there is one thread: the others would keep theirs. Nothing is done
/// where `user` is not set, or root, or where somebody else has started it.
base::Errors give_up_root(const model::Configuration& desired,
                          const plugin::StagingDirectory& staging,
                          const Installation& installation);

/// One line about whom this process runs as; a warning where that is root without need, or not who
/// the configuration wants.
void tell_who_runs(const model::Configuration& running, const base::Log& log);

}  // namespace protohost::supervisor
