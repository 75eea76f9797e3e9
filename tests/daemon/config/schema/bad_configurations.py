# SPDX-License-Identifier: MIT
"""Which of tests/daemon/config/bad the schema cannot see; all others it has to refuse."""
import yaml

import yaml12

UNSEEN = {
    "not in the YAML that we take: duplicate keys, tags, too much": """
        alias_bomb alias_of_long_text duplicate_key duplicate_listener duplicate_option duplicate_section
        nested_too_deep tag_binary""",
    "without effect on that kind of address": """
        address_zone_of_global_ipv6 limits_per_source_of_unix pipe_descriptor_reconnect socket_bound_keys_of_descriptor
        socket_file_keys_of_abstract socket_file_keys_of_tcp socket_ipv6_only_of_ipv4
        socket_tcp_keys_of_unix""",
    "taken already": """
        address_twice address_twice_in_one multicast_twice taken_abstract taken_by_control taken_by_endpoint
        taken_descriptor taken_from_control taken_name taken_name_of_listener taken_other_spelling taken_systemd
        taken_by_the_other_kind_of_socket taken_reuse_port_in_itself taken_reuse_port_in_one taken_unix_path
        taken_unixgram""",
    "not fit for another value beside it": """
        group_without_user log_file_beside_journal
        buffer_high_above_default_limit buffer_high_above_default_memory buffer_limit_below_default_high
        buffer_limit_below_high buffer_low_above_default_limit buffer_low_above_high local_other_family
        local_other_scheme memory_below_default_high memory_below_high multicast_family multicast_family_of_ipv6
        subprocess_backoff_above_default_max subprocess_backoff_order subprocess_depends_on_circle
        subprocess_depends_on_itself subprocess_depends_on_listener subprocess_depends_on_nobody
        subprocess_depends_on_two_circles subprocess_name_of_endpoint subprocess_name_of_listener
        subprocess_options_without_protocol subprocess_ready_three subprocess_ready_timeout_alone
        subprocess_ready_timeout_beside_after subprocess_ready_two subprocess_write_buffer_without_protocol
        reconnect_initial_above_default_max reconnect_max_below_default_initial reconnect_order remote_other_family
        remote_other_scheme""",
    "no text for a program": """
        subprocess_command_empty_program subprocess_command_nul subprocess_environment_nul subprocess_shell_nul""",
    "no whole number of seconds": "subprocess_limits_cpu_fraction",
    "too large, with a unit": "buffer_size_overflow memory_overflow socket_user_timeout timeout_overflow timeout_too_long",
    "a number with a leading zero, which YAML drops": "socket_mode_decimal socket_mode_digits",
}


def check(validator, source):
    unseen = {name for names in UNSEEN.values() for name in names.split()}
    refused, unread = 0, 0
    for path in sorted((source / "tests/daemon/config/bad").glob("*.yaml")):
        try:
            content = yaml12.read(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError):
            unread += 1
            continue
        valid = validator.is_valid(content)
        refused += not valid
        if valid and path.stem not in unseen:
            yield f"the schema lets bad/{path.name} pass"
        if not valid and path.stem in unseen:
            yield f"the schema does see bad/{path.name}: strike it off the list"
        unseen.discard(path.stem)
    if unseen:
        yield f"there is no bad/{', '.join(sorted(unseen))}"
    print(f"of the bad configurations {refused} are refused, {unread} are no YAML, "
          f"{sum(len(names.split()) for names in UNSEEN.values())} cannot be seen")
