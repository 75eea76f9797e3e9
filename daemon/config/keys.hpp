// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string_view>

// The vocabulary of the configuration file, section by section. What is said of a key here is what
// docs/configuration.md says, to the letter; a test compares them.

namespace protohost::config::keys {

struct Key {
    std::string_view name;
    std::string_view meaning = {};
    /// What holds where the key is absent and has no value of its own: "what the umask leaves".
    std::string_view absent = {};

    /// A key stands for its name.
    constexpr operator std::string_view() const { return name; }  // NOLINT(*-explicit-*)
};

namespace top {
inline constexpr Key plugins{"plugins"};
inline constexpr Key log{"log"};
inline constexpr Key state{"state"};
inline constexpr Key control{"control"};
inline constexpr Key memory{"memory"};
inline constexpr Key user{
    "user",
    "Whom a daemon that root has started becomes once its addresses are open, "
    "and before it loads plugins. All it keeps is the right to open ports "
    "below 1024",
    "the one who starts it"};
inline constexpr Key group{"group",
                           "The group it gets instead of the user's own; the user's other groups "
                           "stay",
                           "that of `user`"};
inline constexpr Key listeners{"listeners", "What accepts connections"};
inline constexpr Key endpoints{"endpoints",
                               "What is opened once: an outgoing connection, a datagram socket, an "
                               "end of a pipe. No name is that of a listener, too"};
inline constexpr Key subprocesses{"subprocesses",
                                  "What is run and looked after. No name is that of a listener or "
                                  "an endpoint, too"};
inline constexpr std::array all{
    plugins, log, state, control, memory, user, group, listeners, endpoints, subprocesses};
}  // namespace top

namespace plugins {
inline constexpr Key directories{"directories",
                                 "Where `PLUGIN.so` is searched, in this order, before the default "
                                 "folders. A path given twice counts once"};
inline constexpr Key max_draining{"max_draining",
                                  "How many replaced generations of plugins may still be in use by "
                                  "units or connections. A reload that would pass it is rejected"};
inline constexpr Key modules{"modules"};
}  // namespace plugins

namespace module {
inline constexpr Key unmap{
    "unmap",
    "The code of a replaced generation that nothing uses any more is unmapped where that is proven "
    "safe. Else it stays in memory, which costs some and cannot fail"};
}  // namespace module

namespace log {
inline constexpr Key level{"level", "The least level that is logged"};
inline constexpr Key format{
    "format",
    "`text` is lines for people, `json` one object per line, both with the time in UTC; `journal` "
    "is the journal's own protocol, with fields. `automatic` is `journal` where standard error is "
    "the journal's and there is no `file`, else `text`"};
inline constexpr Key file{"file",
                          "Where lines are appended to; made with mode 0640, and opened anew at "
                          "SIGUSR1",
                          "standard error"};
inline constexpr Key areas{
    "areas",
    "The level of one area; `plugin` also holds for `plugin.echo`. There "
    "are `supervisor`, `unit`, `control`, `plugin.NAME` and `subprocess.NAME`"};
}  // namespace log

namespace state {
inline constexpr Key directory{"directory",
                               "Where the private copies of plugins are kept while the daemon "
                               "runs; must not be mounted `noexec`",
                               "`$STATE_DIRECTORY`, which systemd sets; else `/var/lib/protohost` "
                               "as root, or `$XDG_STATE_HOME/protohost`"};
}  // namespace state

namespace control {
inline constexpr Key socket{"socket",
                            "The UNIX socket of `protohostctl`",
                            "in `$RUNTIME_DIRECTORY`, which systemd sets; else "
                            "`/run/protohost/control.sock` as root, or in `$XDG_RUNTIME_DIR`"};
inline constexpr Key read{"read", "Who may look: status, listings, the configuration"};
inline constexpr Key operate{
    "operate",
    "Who may also reload, drain, stop and start units, close connections, and change log levels"};
inline constexpr Key administer{"administer",
                                "Who may do everything. Root and the daemon's own user always may"};
}  // namespace control

namespace memory {
inline constexpr Key write_buffers{
    "write_buffers",
    "What the write buffers of all connections may hold together, at least the `write_buffer.high` "
    "of each unit. A write that would pass it is treated as one over its own connection's limit: "
    "refused whole, or, by policy `abort`, the end of the connection, once the kernel does not "
    "take what does not fit"};
}  // namespace memory

namespace unit {
inline constexpr Key protocol{"protocol",
                              "What speaks there. The factory may be left out where the plugin has "
                              "only one, or one of its own name"};
inline constexpr Key options{"options",
                             "The plugin's own; `protohostd --dump-plugin PLUGIN.so` lists them"};
inline constexpr Key write_buffer{"write_buffer"};
inline constexpr Key timeouts{"timeouts"};
inline constexpr Key socket{"socket"};
inline constexpr Key tls{"tls"};
}  // namespace unit

namespace listener {
inline constexpr Key listen{"listen", "Where to accept connections"};
inline constexpr Key limits{"limits"};
inline constexpr Key proxy_protocol{"proxy_protocol"};
}  // namespace listener

namespace proxy_protocol {
inline constexpr Key trusted{
    "trusted",
    "The networks of the load balancers: `10.0.0.0/8`, `::1`. Whoever connects from elsewhere is "
    "sent away. Over a UNIX socket all are trusted who may connect"};
inline constexpr Key timeout{"timeout",
                             "How long the header may take; then the connection is closed"};
}  // namespace proxy_protocol

namespace endpoint {
inline constexpr Key connect{"connect",
                             "An outgoing connection; of datagrams, a socket that sends to and "
                             "receives from this address alone; of `fd:N`, a stream socket that is "
                             "connected"};
inline constexpr Key bind{"bind", "A datagram socket with an address of its own"};
inline constexpr Key read{
    "read",
    "One end of a pipe: a FIFO, a character device, or a descriptor that the "
    "daemon was started with, which is given up when the protocol closes or the other end goes"};
inline constexpr Key write{"write",
                           "One end of a pipe: a FIFO, a character device, or a descriptor that "
                           "the daemon was started with, which is given up when the protocol "
                           "closes or the other end goes"};
inline constexpr Key remote{
    "remote",
    "Beside `bind`: where datagrams go that the protocol sends without an address",
    "none"};
inline constexpr Key reconnect{"reconnect",
                               "When to try again after a failure or a loss. Not beside `bind` nor "
                               "for `fd:N`, which cannot be opened again. A FIFO that is read is "
                               "opened again at once when its last writer has gone"};
inline constexpr Key required{
    "required",
    "The daemon is not ready before this one was open: the service manager waits, and what else is "
    "configured serves meanwhile. Where it cannot be opened and `reconnect` is `never`, the daemon "
    "ends with exit code 1. Listeners always are required"};
}  // namespace endpoint

namespace write_buffer {
inline constexpr Key high{
    "high", "More waiting bytes than this, and the protocol's `pause_writing` is called"};
inline constexpr Key low{"low", "At so many or fewer, `resume_writing` is called. At most `high`"};
inline constexpr Key limit{"limit",
                           "No more than this may ever wait for one connection. At least `high`"};
inline constexpr Key policy{
    "policy", "What a write over the limit does: end the connection, or fail and leave it"};
}  // namespace write_buffer

namespace timeouts {
inline constexpr Key connect{
    "connect", "How long connecting may take, all addresses of a name and finding them included"};
inline constexpr Key idle{"idle",
                          "No byte in either direction for so long, and the connection is aborted"};
inline constexpr Key write_stall{
    "write_stall", "Bytes wait and the peer takes none for so long, and the connection is aborted"};
inline constexpr Key drain{"drain",
                           "How long the connections of a unit that stops may take to end by "
                           "themselves; then they are aborted. `0`: at once"};
inline constexpr Key pipes{"pipes",
                           "How long others may hold the pipes of a process that the plugin has "
                           "started and that has exited; then they are closed"};
}  // namespace timeouts

namespace socket {
inline constexpr Key keepalive{"keepalive",
                               "The kernel asks a silent peer whether it is still there"};
inline constexpr Key nodelay{"nodelay",
                             "Small writes are not held back to be joined with later ones"};
inline constexpr Key user_timeout{
    "user_timeout", "How long sent bytes may stay unacknowledged before the connection is lost"};
inline constexpr Key reuse_port{"reuse_port",
                                "Others may have the same address, if they say so too"};
inline constexpr Key backlog{"backlog",
                             "How many connections may wait to be accepted; the kernel's limit "
                             "(`net.core.somaxconn`) holds too"};
inline constexpr Key ipv6_only{"ipv6_only",
                               "An IPv6 address is just that. `false`: `[::]` takes IPv4, too"};
inline constexpr Key local{"local", "What the connection comes from", "the kernel's choice"};
inline constexpr Key send_buffer{"send_buffer", "The sizes of the kernel's own buffers"};
inline constexpr Key receive_buffer{"receive_buffer", "The sizes of the kernel's own buffers"};
inline constexpr Key broadcast{"broadcast", "Datagrams may be sent to broadcast addresses"};
inline constexpr Key multicast{"multicast",
                               "The groups to join, each on the interface that is named or that "
                               "the kernel chooses. Of the address's family"};
inline constexpr Key mode{
    "mode", "Permissions of the socket's file: `0660`", "what the umask leaves"};
inline constexpr Key owner{
    "owner",
    "Whom the socket's file belongs to. An account that does not exist is an error",
    "the daemon's"};
inline constexpr Key group{
    "group",
    "Whom the socket's file belongs to. An account that does not exist is an error",
    "the daemon's"};
}  // namespace socket

namespace multicast {
inline constexpr Key group{"group"};
inline constexpr Key interface { "interface" };
}  // namespace multicast

namespace tls {
inline constexpr Key certificates{
    "certificates",
    "What clients are shown, by the name that they ask for, and the first to those who ask for "
    "none of the names. Keys of several kinds may stand side by side for one name. Without `key` "
    "both are in the one file"};
inline constexpr Key certificate{
    "certificate", "What the server is shown, with those that issued it behind it", "none"};
inline constexpr Key key{"key", "The private key of `certificate`", "in the same file"};
inline constexpr Key minimum_version{"minimum_version", "What is older is refused"};
inline constexpr Key ciphers{"ciphers",
                             "OpenSSL's names, the best first. Those of TLS 1.3 begin with `TLS_`; "
                             "of a version of which none is named, ours are used",
                             "those with forward secrecy and authenticated encryption"};
inline constexpr Key groups{
    "groups", "For the exchange of keys, the best first", "`X25519`, `P-256`, `P-384`"};
inline constexpr Key alpn{"alpn",
                          "The protocols that are spoken inside, the best first. Who offers only "
                          "others is refused",
                          "nothing is said of it"};
inline constexpr Key start{
    "start",
    "When it begins: with the `connection`, or at the `request` of the protocol, which has spoken "
    "in the clear until then (`STARTTLS` of SMTP and IMAP)"};
inline constexpr Key client{"client"};
inline constexpr Key server_name{"server_name",
                                 "Whom the certificate of the server must be for, and the name "
                                 "that it is asked for",
                                 "the host of `connect`"};
inline constexpr Key ca{"ca",
                        "The certificates of those whose word is taken about the server",
                        "those whom this system trusts"};
inline constexpr Key verify{"verify",
                            "Whether the server must prove who it is. `none`: anybody can be it"};
inline constexpr Key handshake_timeout{"handshake_timeout",
                                       "How long it may take to agree; then the connection is "
                                       "closed"};
inline constexpr Key tickets{"tickets"};
inline constexpr Key close{"close",
                           "What `close` of a protocol does: tell the peer and wait for nothing; "
                           "wait for the peer's answer, so long; or tell it nothing"};
}  // namespace tls

namespace tls_client {
inline constexpr Key verify{"verify",
                            "Whether clients are asked for a certificate. `optional`: they may "
                            "have none, but no wrong one"};
inline constexpr Key ca{
    "ca", "The certificates of those whose word is taken about clients", "none"};
inline constexpr Key names{"names",
                           "The certificate must be for one of them: `client7`, `*.example.net`",
                           "whom `ca` has certified"};
}  // namespace tls_client

namespace tickets {
inline constexpr Key rotate{"rotate",
                            "How long one key seals the tickets with which clients resume their "
                            "sessions"};
inline constexpr Key keep{"keep", "How many former keys still open theirs"};
}  // namespace tickets

namespace limits {
inline constexpr Key connections{
    "connections", "Connections at a time. At the limit further ones wait in the kernel's queue"};
inline constexpr Key per_source{
    "per_source",
    "Connections at a time from one IP address, of IPv6 from one /64 network. Further ones are "
    "closed. Not where there are UNIX sockets alone"};
}  // namespace limits

namespace reconnect {
inline constexpr Key initial{"initial",
                             "The first pause. The pause doubles with each failure, up to `max`; "
                             "after a connection that lived longer than `max`, and after a pipe "
                             "that carried anything, it begins anew"};
inline constexpr Key max{"max", "The longest pause; at least `initial`"};
inline constexpr Key jitter{"jitter",
                            "By how much of it a pause may be shortened at random, so that many "
                            "daemons do not come back at once"};
}  // namespace reconnect

namespace subprocess {
inline constexpr Key command{"command",
                             "The program and its arguments, as they are: no shell reads them. A "
                             "name without a slash is looked up in the `PATH` that the program "
                             "gets"};
inline constexpr Key shell{"shell", "A line for `/bin/sh`"};
inline constexpr Key protocol{
    "protocol",
    "What speaks to it over its standard input, output and error",
    "its lines are logged, and `protohostctl tail` shows them; what it reads is `/dev/null`"};
inline constexpr Key restart{"restart",
                             "When it is started again after its end. Every end but exit code 0 is "
                             "a failure; so is that it cannot be started"};
inline constexpr Key backoff{"backoff"};
inline constexpr Key ready{"ready"};
inline constexpr Key stop{"stop"};
inline constexpr Key user{"user",
                          "Whom it runs as. Whether there is such an account shows when it is used",
                          "the daemon's"};
inline constexpr Key group{"group",
                           "The group it runs as. Whether there is such an account shows when it "
                           "is used",
                           "that of `user`"};
inline constexpr Key environment{"environment",
                                 "Variables beside `PATH` and `LANG` of the daemon, and `HOME` and "
                                 "`USER` of its user. It has no "
                                 "others"};
inline constexpr Key directory{"directory", "Where it starts", "the daemon's"};
inline constexpr Key limits{"limits"};
inline constexpr Key pty{"pty",
                         "Its standard input, output and error are a terminal, which is its "
                         "controlling one"};
inline constexpr Key depends_on{"depends_on",
                                "Subprocesses that are ready before it is started, and are stopped "
                                "after it"};
inline constexpr Key required{
    "required",
    "The daemon is not ready before this one was: the service manager waits, and what else is "
    "configured serves meanwhile. Where it fails before and is not started again, the daemon ends "
    "with exit code 1"};
}  // namespace subprocess

namespace pipes {
inline constexpr Key pipes{"pipes",
                           "How long after its end others, whom it has started, may hold its "
                           "standard output and error; then those are closed"};
}  // namespace pipes

namespace backoff {
inline constexpr Key initial{"initial",
                             "The pause before the first restart. It doubles with each, up to "
                             "`max`"};
inline constexpr Key max{"max", "The longest pause; at least `initial`"};
inline constexpr Key jitter{"jitter", "By how much of it a pause may be shortened at random"};
inline constexpr Key reset_after{"reset_after",
                                 "After a process that has lived so long the pauses begin anew"};
}  // namespace backoff

namespace ready {
inline constexpr Key after{"after", "It is ready when it has lived so long"};
inline constexpr Key newline{"newline",
                             "It is ready when it writes a line break to this descriptor, which it "
                             "is given; 3 or more"};
inline constexpr Key notify{
    "notify",
    "It is ready when it sends `READY=1` to `NOTIFY_SOCKET`, as to systemd; "
    "`STATUS=` is shown"};
inline constexpr Key connect{"connect",
                             "It is ready when a connection to this address is accepted, which is "
                             "tried again and again"};
inline constexpr Key timeout{"timeout",
                             "One that is not ready by then has failed, and is stopped. Only "
                             "beside `newline`, `notify` and `connect`"};
}  // namespace ready

namespace stop {
inline constexpr Key signal{"signal", "What its process group is sent when it has to stop"};
inline constexpr Key timeout{"timeout",
                             "How long it may take; then it is killed, with all that it has "
                             "started. `0`: at once"};
}  // namespace stop

namespace process_limits {
inline constexpr Key nofile{"nofile", "Open descriptors", "the daemon's"};
inline constexpr Key nproc{"nproc", "Processes and threads of its user", "the daemon's"};
inline constexpr Key core{"core", "The size of a core dump", "the daemon's"};
inline constexpr Key fsize{"fsize", "The size of a file that it writes", "the daemon's"};
inline constexpr Key data{"data", "Its data segment", "the daemon's"};
inline constexpr Key stack{"stack", "The stack of its first thread", "the daemon's"};
inline constexpr Key address_space{"as", "Its address space", "the daemon's"};
inline constexpr Key memlock{"memlock", "What it may lock in memory", "the daemon's"};
inline constexpr Key cpu{"cpu", "Its processor time; whole seconds", "the daemon's"};
}  // namespace process_limits

}  // namespace protohost::config::keys
