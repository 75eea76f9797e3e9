// SPDX-License-Identifier: MIT
#include "daemon/config/decode_control.hpp"

#include <string>
#include <vector>

#include "daemon/config/keys.hpp"
#include "daemon/config/kinds.hpp"

namespace protohost::config {
namespace {

using Accounts = std::vector<model::Located<model::Account>>;

model::Node write_accounts(const Accounts& accounts) {
    return write_each(accounts, write_account);
}

constexpr Kind<model::Located<std::string>> socket_path{
    read_socket_path, write_path, socket_path_shape};
constexpr Kind<Accounts> accounts{read_accounts, write_accounts, accounts_shape};

}  // namespace

model::ControlSettings decode_control(Section section) {
    model::ControlSettings control;
    section.read(keys::control::socket, control.socket, socket_path);
    section.read(keys::control::read, control.read, accounts);
    section.read(keys::control::operate, control.operate, accounts);
    section.read(keys::control::administer, control.administer, accounts);
    section.finish();
    return control;
}

}  // namespace protohost::config
