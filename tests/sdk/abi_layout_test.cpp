// SPDX-License-Identifier: MIT
#include <cstddef>

#include <gtest/gtest.h>

#include <protohost/abi.h>

// What every plugin that was ever built relies on. A number here may not change while the major is
// 1; growable tables may gain lines, at their end.

namespace {

// Frozen for ever: they travel by value or in arrays.
static_assert(sizeof(ph_str) == 16 && offsetof(ph_str, p) == 0 && offsetof(ph_str, n) == 8);
static_assert(sizeof(ph_iov) == 16 && offsetof(ph_iov, p) == 0 && offsetof(ph_iov, n) == 8);
static_assert(sizeof(ph_addr) == 16 && offsetof(ph_addr, sa) == 0 && offsetof(ph_addr, len) == 8);
static_assert(sizeof(ph_proto) == 16 && offsetof(ph_proto, ops) == 0 &&
              offsetof(ph_proto, self) == 8);
static_assert(sizeof(ph_stdio) == 8 && offsetof(ph_stdio, kind) == 0 &&
              offsetof(ph_stdio, descriptor) == 4);
static_assert(sizeof(ph_inherited) == 8 && offsetof(ph_inherited, number) == 0 &&
              offsetof(ph_inherited, descriptor) == 4);
static_assert(sizeof(ph_limit) == 24 && offsetof(ph_limit, resource) == 0 &&
              offsetof(ph_limit, soft) == 8 && offsetof(ph_limit, hard) == 16);
static_assert(sizeof(ph_option) == 56 && offsetof(ph_option, key) == 0 &&
              offsetof(ph_option, type) == 16 && offsetof(ph_option, flags) == 20 &&
              offsetof(ph_option, deflt) == 24 && offsetof(ph_option, help) == 40);
static_assert(sizeof(ph_note) == 104 && offsetof(ph_note, namesz) == 0 &&
              offsetof(ph_note, descsz) == 4 && offsetof(ph_note, type) == 8 &&
              offsetof(ph_note, owner) == 12 && offsetof(ph_note, major) == 24 &&
              offsetof(ph_note, minor) == 28 && offsetof(ph_note, min_host_minor) == 32 &&
              offsetof(ph_note, flags) == 36 && offsetof(ph_note, name) == 40 &&
              offsetof(ph_note, version) == 72);
static_assert(sizeof(ph_any_ops) == 48 && offsetof(ph_any_ops, size) == 0 &&
              offsetof(ph_any_ops, kind) == 4 && offsetof(ph_any_ops, connection_made) == 8 &&
              offsetof(ph_any_ops, connection_lost) == 16 &&
              offsetof(ph_any_ops, pause_writing) == 24 &&
              offsetof(ph_any_ops, resume_writing) == 32 && offsetof(ph_any_ops, destroy) == 40);

// Growable: the offsets of 1.0 stay.
static_assert(offsetof(ph_stream_ops, data_received) == 48 &&
              offsetof(ph_stream_ops, get_buffer) == 56 &&
              offsetof(ph_stream_ops, buffer_updated) == 64 &&
              offsetof(ph_stream_ops, eof_received) == 72 &&
              offsetof(ph_stream_ops, drain_requested) == 80);
static_assert(offsetof(ph_error, size) == 0 && offsetof(ph_error, code) == 4 &&
              offsetof(ph_error, os_errno) == 8 && offsetof(ph_error, msg) == 16);
static_assert(offsetof(ph_info, size) == 0 && offsetof(ph_info, kind) == 4 &&
              offsetof(ph_info, text) == 8 && offsetof(ph_info, address) == 24 &&
              offsetof(ph_info, number) == 40);
static_assert(
    offsetof(ph_transport_api, size) == 0 && offsetof(ph_transport_api, close) == 8 &&
    offsetof(ph_transport_api, abort) == 16 && offsetof(ph_transport_api, is_closing) == 24 &&
    offsetof(ph_transport_api, get_extra_info) == 32 &&
    offsetof(ph_transport_api, set_protocol) == 40 &&
    offsetof(ph_transport_api, get_protocol) == 48 &&
    offsetof(ph_transport_api, pause_reading) == 56 &&
    offsetof(ph_transport_api, resume_reading) == 64 &&
    offsetof(ph_transport_api, is_reading) == 72 && offsetof(ph_transport_api, write) == 80 &&
    offsetof(ph_transport_api, writelines) == 88 && offsetof(ph_transport_api, write_owned) == 96 &&
    offsetof(ph_transport_api, write_eof) == 104 &&
    offsetof(ph_transport_api, can_write_eof) == 112 &&
    offsetof(ph_transport_api, set_write_buffer_limits) == 120 &&
    offsetof(ph_transport_api, get_write_buffer_limits) == 128 &&
    offsetof(ph_transport_api, get_write_buffer_size) == 136 &&
    offsetof(ph_transport_api, ref) == 144 && offsetof(ph_transport_api, deref) == 152 &&
    offsetof(ph_transport_api, sendto) == 160 && offsetof(ph_transport_api, get_pid) == 168 &&
    offsetof(ph_transport_api, get_pipe_transport) == 176 &&
    offsetof(ph_transport_api, get_returncode) == 184 &&
    offsetof(ph_transport_api, send_signal) == 192);
static_assert(
    offsetof(ph_loop_api, size) == 0 && offsetof(ph_loop_api, time) == 8 &&
    offsetof(ph_loop_api, call_soon) == 16 && offsetof(ph_loop_api, call_at) == 24 &&
    offsetof(ph_loop_api, cancel) == 32 && offsetof(ph_loop_api, call_soon_threadsafe) == 40 &&
    offsetof(ph_loop_api, create_server) == 48 && offsetof(ph_loop_api, create_unix_server) == 56 &&
    offsetof(ph_loop_api, create_connection) == 64 &&
    offsetof(ph_loop_api, create_unix_connection) == 72 &&
    offsetof(ph_loop_api, connect_accepted_socket) == 80 &&
    offsetof(ph_loop_api, create_datagram_endpoint) == 88 &&
    offsetof(ph_loop_api, connect_read_pipe) == 96 &&
    offsetof(ph_loop_api, connect_write_pipe) == 104 &&
    offsetof(ph_loop_api, server_close) == 112 && offsetof(ph_loop_api, server_is_serving) == 120 &&
    offsetof(ph_loop_api, server_address) == 128 && offsetof(ph_loop_api, sendfile) == 136 &&
    offsetof(ph_loop_api, run_in_executor) == 144 &&
    offsetof(ph_loop_api, subprocess_exec) == 152 &&
    offsetof(ph_loop_api, subprocess_shell) == 160 && offsetof(ph_loop_api, start_tls) == 168);
static_assert(offsetof(ph_process, size) == 0 && offsetof(ph_process, flags) == 4 &&
              offsetof(ph_process, arguments) == 8 && offsetof(ph_process, argument_count) == 16 &&
              offsetof(ph_process, environment) == 24 &&
              offsetof(ph_process, environment_count) == 32 &&
              offsetof(ph_process, executable) == 40 && offsetof(ph_process, directory) == 56 &&
              offsetof(ph_process, user) == 72 && offsetof(ph_process, group) == 88 &&
              offsetof(ph_process, groups) == 104 && offsetof(ph_process, group_count) == 112 &&
              offsetof(ph_process, descriptors) == 120 &&
              offsetof(ph_process, descriptor_count) == 128 &&
              offsetof(ph_process, limits) == 136 && offsetof(ph_process, limit_count) == 144 &&
              offsetof(ph_process, stdio) == 152 && offsetof(ph_process, umask) == 176 &&
              offsetof(ph_process, rows) == 180 && offsetof(ph_process, columns) == 182);
static_assert(offsetof(ph_datagram_ops, datagram_received) == 48 &&
              offsetof(ph_datagram_ops, error_received) == 56 &&
              offsetof(ph_datagram_ops, drain_requested) == 64);
static_assert(offsetof(ph_subprocess_ops, pipe_data_received) == 48 &&
              offsetof(ph_subprocess_ops, pipe_connection_lost) == 56 &&
              offsetof(ph_subprocess_ops, process_exited) == 64 &&
              offsetof(ph_subprocess_ops, drain_requested) == 72);
static_assert(offsetof(ph_open, size) == 0 && offsetof(ph_open, flags) == 4 &&
              offsetof(ph_open, address) == 8 && offsetof(ph_open, server_name) == 80 &&
              offsetof(ph_open, local) == 24 && offsetof(ph_open, descriptor) == 40 &&
              offsetof(ph_open, timeout) == 48 && offsetof(ph_open, make) == 56 &&
              offsetof(ph_open, drop) == 64 && offsetof(ph_open, arg) == 72);
static_assert(offsetof(ph_tls_start, size) == 0 && offsetof(ph_tls_start, role) == 4 &&
              offsetof(ph_tls_start, server_name) == 8 && offsetof(ph_tls_start, received) == 24 &&
              offsetof(ph_tls_start, timeout) == 40);
static_assert(offsetof(ph_tls_session, size) == 0 && offsetof(ph_tls_session, cipher_bits) == 4 &&
              offsetof(ph_tls_session, version) == 8 && offsetof(ph_tls_session, cipher) == 24 &&
              offsetof(ph_tls_session, alpn) == 40 && offsetof(ph_tls_session, server_name) == 56 &&
              offsetof(ph_tls_session, context) == 72 &&
              offsetof(ph_tls_session, context_generation) == 88 &&
              offsetof(ph_tls_session, resumed) == 96);
static_assert(offsetof(ph_tls_api, size) == 0 && offsetof(ph_tls_api, get_session) == 8 &&
              offsetof(ph_tls_api, get_peer_certificate) == 16 &&
              offsetof(ph_tls_api, export_keying_material) == 24);
static_assert(offsetof(ph_config_api, size) == 0 && offsetof(ph_config_api, get) == 8 &&
              offsetof(ph_config_api, at) == 16 && offsetof(ph_config_api, count) == 24 &&
              offsetof(ph_config_api, key_at) == 32 && offsetof(ph_config_api, as_string) == 40 &&
              offsetof(ph_config_api, as_integer) == 48 &&
              offsetof(ph_config_api, as_number) == 56 &&
              offsetof(ph_config_api, as_boolean) == 64 &&
              offsetof(ph_config_api, as_duration) == 72 &&
              offsetof(ph_config_api, as_size) == 80 && offsetof(ph_config_api, reject) == 88);
static_assert(offsetof(ph_host, size) == 0 && offsetof(ph_host, abi_major) == 4 &&
              offsetof(ph_host, abi_minor) == 8 && offsetof(ph_host, product) == 16 &&
              offsetof(ph_host, version) == 32 && offsetof(ph_host, transport) == 48 &&
              offsetof(ph_host, loop) == 56 && offsetof(ph_host, config) == 64 &&
              offsetof(ph_host, log_enabled) == 72 && offsetof(ph_host, log) == 80 &&
              offsetof(ph_host, fail) == 88 && offsetof(ph_host, on_loop) == 96 &&
              offsetof(ph_host, extension) == 104);
static_assert(offsetof(ph_factory, size) == 0 && offsetof(ph_factory, kind) == 4 &&
              offsetof(ph_factory, name) == 8 && offsetof(ph_factory, summary) == 24 &&
              offsetof(ph_factory, option_count) == 48 && offsetof(ph_factory, options) == 40 &&
              offsetof(ph_factory, configure) == 56 && offsetof(ph_factory, make_protocol) == 64 &&
              offsetof(ph_factory, started) == 72 && offsetof(ph_factory, release) == 80 &&
              offsetof(ph_factory, stopped) == 88);
static_assert(offsetof(ph_plugin, size) == 0 && offsetof(ph_plugin, flags) == 4 &&
              offsetof(ph_plugin, name) == 8 && offsetof(ph_plugin, version) == 24 &&
              offsetof(ph_plugin, factory_count) == 48 && offsetof(ph_plugin, factories) == 40 &&
              offsetof(ph_plugin, load) == 56 && offsetof(ph_plugin, quiesce) == 64 &&
              offsetof(ph_plugin, unload) == 72);

// Numbers pass the border, not names.
static_assert(PH_ABI_MAJOR == 1 && sizeof(ph_status) == 4 && sizeof(ph_ref) == 8 &&
              sizeof(ph_op) == 8);
static_assert(PH_OK == 0 && PH_E_FAIL == -1 && PH_E_INVAL == -2 && PH_E_NOMEM == -3 &&
              PH_E_CLOSED == -4 && PH_E_CANCELLED == -5 && PH_E_AGAIN == -6 &&
              PH_E_UNSUPPORTED == -7 && PH_E_EXCEPTION == -8 && PH_E_BUSY == -9 &&
              PH_E_WRONG_THREAD == -10 && PH_E_LIMIT == -11 && PH_E_OS == -12 &&
              PH_E_TIMEOUT == -13 && PH_E_EOF_WRITTEN == -14 && PH_E_RESOLVE == -15 &&
              PH_E_TLS == -16 && PH_E_TRUNCATED == -17);
static_assert(PH_STREAM == 1 && PH_DATAGRAM == 2 && PH_SUBPROCESS == 3);
static_assert(PH_STDIO_PIPE == 0 && PH_STDIO_INHERIT == 1 && PH_STDIO_DEVNULL == 2 &&
              PH_STDIO_STDOUT == 3 && PH_STDIO_DESCRIPTOR == 4);
static_assert(PH_PROCESS_ENV == 1 && PH_PROCESS_NEW_SESSION == 2 && PH_PROCESS_PTY == 4 &&
              PH_PROCESS_UMASK == 8 && PH_PROCESS_GROUPS == 16 && PH_SIGNAL_GROUP == 1);
static_assert(PH_OPEN_TLS == 1 && PH_TLS_SERVER == 1 && PH_TLS_CLIENT == 2);
static_assert(PH_INFO_NONE == 0 && PH_INFO_TEXT == 1 && PH_INFO_ADDRESS == 2 &&
              PH_INFO_DESCRIPTOR == 3);
static_assert(PH_LOG_TRACE == 0 && PH_LOG_DEBUG == 1 && PH_LOG_INFO == 2 && PH_LOG_WARN == 3 &&
              PH_LOG_ERROR == 4);
static_assert(PH_OPTION_STRING == 1 && PH_OPTION_INTEGER == 2 && PH_OPTION_NUMBER == 3 &&
              PH_OPTION_BOOLEAN == 4 && PH_OPTION_DURATION == 5 && PH_OPTION_SIZE == 6 &&
              PH_OPTION_LIST == 7 && PH_OPTION_ANY == 8 && PH_OPTION_REQUIRED == 1);
static_assert(PH_PLUGIN_PIN == 1 && PH_PLUGIN_THREADS == 2);

// PH_HAS is how a plugin asks whether a daemon is new enough.
TEST(Abi, HasAsksForSizeAndForAValue) {
    ph_loop_api api{};
    api.cancel = [](ph_ctx*, ph_op) { return ph_status{PH_OK}; };
    EXPECT_FALSE(PH_HAS(&api, cancel)) << "a table of size 0 has nothing";
    api.size = offsetof(ph_loop_api, cancel);
    EXPECT_FALSE(PH_HAS(&api, cancel)) << "it ends before the field";
    api.size = offsetof(ph_loop_api, cancel) + sizeof api.cancel;
    EXPECT_TRUE(PH_HAS(&api, cancel));
    EXPECT_FALSE(PH_HAS(&api, call_soon_threadsafe));
    api.cancel = nullptr;
    EXPECT_FALSE(PH_HAS(&api, cancel)) << "new enough, and not there";
}

}  // namespace
