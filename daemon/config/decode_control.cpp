// SPDX-License-Identifier: MIT
#include "daemon/config/decode_control.hpp"

#include "daemon/config/keys.hpp"
#include "daemon/config/read_account.hpp"
#include "daemon/config/readers.hpp"

namespace protohost::config {

model::ControlSettings decode_control(Section section) {
    model::ControlSettings control;
    section.read(keys::control::socket, control.socket, read_socket_path);
    section.read(keys::control::read, control.read, read_accounts);
    section.read(keys::control::operate, control.operate, read_accounts);
    section.read(keys::control::administer, control.administer, read_accounts);
    section.finish();
    return control;
}

}  // namespace protohost::config
