// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "daemon/model/node.hpp"

namespace protohost::config {

// The kinds of value in the words of JSON Schema: as exact as it can say in a way that an editor
// can explain. What a shape refuses the daemon refuses too; a test compares them. YAML 1.2 decides
// what is a number: 64 is one, 64KiB is a text.

model::Node any_shape();
model::Node boolean_shape();
model::Node count_shape();
model::Node count_above_zero_shape();
model::Node fraction_shape();
model::Node size_shape();
model::Node size_above_zero_shape();
model::Node duration_shape();
model::Node duration_above_zero_shape();
model::Node path_shape();
model::Node socket_path_shape();
model::Node paths_shape();
model::Node pipe_shape();
model::Node protocol_shape();
model::Node options_shape();
model::Node mode_shape();
model::Node account_shape();
model::Node accounts_shape();
model::Node multicast_group_shape();
model::Node interface_shape();
model::Node text_shape();
model::Node command_shape();
model::Node shell_shape();
model::Node environment_shape();
model::Node stop_signal_shape();
model::Node child_descriptor_shape();
model::Node names_shape();
model::Node networks_shape();
model::Node openssl_names_shape();
model::Node alpn_shape();
model::Node peer_names_shape();
model::Node server_name_shape();
model::Node former_keys_shape();
model::Node tls_close_shape();

/// That word, or what `shape` says.
model::Node or_word(std::string_view word, model::Node shape);

/// Of the names in a table.
model::Node name_shape();

}  // namespace protohost::config
