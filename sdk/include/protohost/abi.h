/* SPDX-License-Identifier: MIT
 *
 * protohost/abi.h: the border between the daemon and a plugin. C11, and valid C++17 and C++20.
 *
 * A plugin exports one function, `protohost_plugin_entry_v1`, and carries one ELF note. Everything it
 * may call comes through the tables it is handed; it resolves no symbol of the daemon.
 *
 *     entry -> load -> configure* -> started* -> make_protocol* ... stopped* ... release* -> quiesce -> unload
 *
 * The promise: a plugin built against an older header of this major keeps working, unchanged, with
 * every newer daemon. Source written for an older header compiles with a newer one. A plugin built
 * against a newer minor also loads in an older daemon unless its note says that it needs more.
 *
 * Layout. Growable structs begin with `size`, are only ever appended to, and are read through
 * PH_HAS() or through a zeroed local copy of min(theirs, ours) bytes. Frozen for ever, because they
 * travel by value or in arrays: ph_str, ph_iov, ph_addr, ph_proto, ph_stdio, ph_inherited, ph_limit,
 * ph_option, ph_note, PH_PROTO_HEAD.
 * Padding is named `_r` and is zero.
 *
 * Tags. Every function says on which thread it runs and, where it matters, in which phase:
 *     [loop]  the event loop that owns the object: one call at a time, not one thread for ever
 *     [any]   any thread
 *     [load]  once, off the data path and on any thread, before the first connection; may block briefly
 * Ownership: an argument is borrowed until the call returns, unless its function says otherwise.
 * Errors: a ph_status below zero; the text is set with `host->fail`. Nothing unwinds across the
 * border in either direction. errno is never part of the contract.
 */
#ifndef PROTOHOST_ABI_H
#define PROTOHOST_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PH_ABI_MAJOR 1u /* part of the entry symbol's name */
#define PH_ABI_MINOR 0u /* grows with every append */

/* True when `table` is new enough to have `field`, and the field is set. */
#define PH_HAS(table, field)                                                                   \
    ((table) != NULL &&                                                                        \
     (table)->size >= offsetof(__typeof__(*(table)), field) + sizeof((table)->field) &&        \
     (table)->field != NULL)

/* ---- values ------------------------------------------------------------------------------- */

typedef int32_t ph_status;
enum {
    PH_OK = 0,
    PH_E_FAIL = -1,         /* no better word; see the text */
    PH_E_INVAL = -2,        /* an argument or an option is wrong */
    PH_E_NOMEM = -3,        /* out of memory */
    PH_E_CLOSED = -4,       /* the transport is aborted or lost; the bytes were dropped and counted */
    PH_E_CANCELLED = -5,    /* cancelled, or its owner is gone */
    PH_E_AGAIN = -6,        /* not now */
    PH_E_UNSUPPORTED = -7,  /* this transport or this daemon cannot; also: an unknown flag */
    PH_E_EXCEPTION = -8,    /* plugin code threw */
    PH_E_BUSY = -9,         /* refused while something is in progress */
    PH_E_WRONG_THREAD = -10,
    PH_E_LIMIT = -11,       /* the write buffer's hard limit */
    PH_E_OS = -12,          /* a system call failed: ph_error.os_errno */
    PH_E_TIMEOUT = -13,     /* a deadline passed */
    PH_E_EOF_WRITTEN = -14, /* write after write_eof */
    PH_E_RESOLVE = -15,     /* a name has no address; the text says why */
    PH_E_TLS = -16,         /* TLS failed: the handshake, a certificate, a record; the text says why */
    PH_E_TRUNCATED = -17    /* over TLS: the peer's stream ended without close_notify */
};

typedef struct ph_str { const char *p; size_t n; } ph_str;  /* UTF-8, not NUL-terminated */
typedef struct ph_iov { const void *p; size_t n; } ph_iov;
typedef struct ph_addr { const void *sa; uint32_t len; uint32_t _r; } ph_addr; /* struct sockaddr */

/* Why a connection ended. `msg` is borrowed for the call. */
typedef struct ph_error {
    uint32_t size;
    ph_status code;
    int32_t os_errno; /* with PH_E_OS, else 0 */
    uint32_t _r;
    ph_str msg;
} ph_error;

/* Who is calling. load and quiesce are given the plugin instance's; configure and what follows from it
 * the factory's, which is one unit's: what is opened, scheduled or logged with it is that unit's, and
 * goes with it. It is valid until release returns. */
typedef struct ph_ctx ph_ctx;
typedef struct ph_transport ph_transport; /* from connection_made until connection_lost returns */
typedef struct ph_server ph_server;       /* from create_server's answer until server_close */
typedef struct ph_node ph_node;           /* a configuration value, until configure returns */
typedef uint64_t ph_ref;                  /* a weak transport: safe to keep for ever; 0 is none */
typedef uint64_t ph_op;                   /* something scheduled or under way; 0 is none */

/* ---- protocols: what a plugin implements -------------------------------------------------- */

enum { PH_STREAM = 1, PH_DATAGRAM = 2, PH_SUBPROCESS = 3 }; /* kinds of protocol */

/* All callbacks are [loop] and never overlap for one transport. A status below zero from a stream
 * callback aborts that one connection; connection_lost then carries it. Between connection_made and
 * connection_lost, both exactly once, pause_writing and resume_writing strictly alternate. No
 * callback runs inside a transport call but pause_writing and resume_writing. */
#define PH_PROTO_HEAD                                                                          \
    uint32_t size;                                                                             \
    uint32_t kind;                                                                             \
    ph_status (*connection_made)(void *self, ph_transport *transport);        /* [loop] */     \
    ph_status (*connection_lost)(void *self, const ph_error *why_or_null);    /* [loop] */     \
    ph_status (*pause_writing)(void *self);                                   /* [loop] */     \
    ph_status (*resume_writing)(void *self);                                  /* [loop] */     \
    void (*destroy)(void *self) /* [loop] the last call, frees self; may use no transport */

typedef struct ph_any_ops { PH_PROTO_HEAD; } ph_any_ops;

/* A stream protocol gives either data_received, or get_buffer and buffer_updated.
 *     connection_made [data_received | get_buffer [buffer_updated]?]* [eof_received]? connection_lost */
typedef struct ph_stream_ops {
    PH_PROTO_HEAD;
    /* [loop] n > 0. The bytes are borrowed for the call; sizes are arbitrary. */
    ph_status (*data_received)(void *self, const void *data, size_t n);
    /* [loop] Lend a buffer of any size but zero; sizehint -1 means no advice. It stays lent until
     * buffer_updated, the next get_buffer, eof_received or connection_lost. */
    ph_status (*get_buffer)(void *self, int64_t sizehint, void **data, size_t *n);
    /* [loop] The first n bytes of the lent buffer are new. */
    ph_status (*buffer_updated)(void *self, size_t n);
    /* [loop] At most once; no data follows. *keep_open is 0: the host closes after the call unless
     * it is set to 1, which keeps the write side open. */
    ph_status (*eof_received)(void *self, int32_t *keep_open);
    /* [loop] At most once, when the daemon stops or the unit is removed. *keep_open is 0: the host
     * closes after the call. Set it to 1 to close by yourself; at the deadline (loop time, in
     * nanoseconds) the host aborts. */
    ph_status (*drain_requested)(void *self, uint64_t deadline, int32_t *keep_open);
} ph_stream_ops;

/* A datagram protocol. connection_made once it is open; a status below zero from a callback is logged
 * and counted, and the transport lives.
 *     connection_made [datagram_received | error_received]* connection_lost */
typedef struct ph_datagram_ops {
    PH_PROTO_HEAD;
    /* [loop] One whole datagram, which may be empty. Bytes and address are borrowed for the call; the
     * address is {NULL, 0} where the sender has none. */
    ph_status (*datagram_received)(void *self, const void *data, size_t n, ph_addr from);
    /* [loop] Sending or receiving failed. The destination, where it is known: else {NULL, 0}. May be
     * called from inside sendto. */
    ph_status (*error_received)(void *self, const ph_error *why, ph_addr destination);
    /* [loop] As a stream's. */
    ph_status (*drain_requested)(void *self, uint64_t deadline, int32_t *keep_open);
} ph_datagram_ops;

/* A subprocess protocol. A status below zero from a callback is logged and counted, and the transport
 * lives. What comes from one descriptor is in order, and its loss is last; process_exited may come before,
 * between or after that. Any of its own callbacks may be missing.
 *     connection_made [pipe_data_received | pipe_connection_lost | process_exited]* connection_lost
 * connection_lost comes with NULL, when the process has exited and its pipes have ended. pause_writing
 * and resume_writing are about its standard input. */
typedef struct ph_subprocess_ops {
    PH_PROTO_HEAD;
    /* [loop] n > 0. It has written to 1 or 2. The bytes are borrowed for the call. */
    ph_status (*pipe_data_received)(void *self, int32_t fd, const void *data, size_t n);
    /* [loop] Once for each of its pipes: 0, 1, 2. */
    ph_status (*pipe_connection_lost)(void *self, int32_t fd, const ph_error *why_or_null);
    /* [loop] Once; get_returncode says how. */
    ph_status (*process_exited)(void *self);
    /* [loop] As a stream's, but for what follows where nothing is kept open: SIGTERM to its process
     * group, and SIGKILL at the deadline. */
    ph_status (*drain_requested)(void *self, uint64_t deadline, int32_t *keep_open);
} ph_subprocess_ops;

/* `ops` is static data of the plugin; `self` is the plugin's own. */
typedef struct ph_proto { const ph_any_ops *ops; void *self; } ph_proto;

/* ---- transports: what a plugin is given --------------------------------------------------- */

typedef void (*ph_fn)(void *arg);

enum { PH_INFO_NONE = 0, PH_INFO_TEXT = 1, PH_INFO_ADDRESS = 2, PH_INFO_DESCRIPTOR = 3 };

/* Filled by get_extra_info; the caller sets `size`. What it points to is borrowed until the next
 * get_extra_info or the end of the callback. `text` is always readable ("127.0.0.1:7007"). */
typedef struct ph_info {
    uint32_t size;
    uint32_t kind;
    ph_str text;
    ph_addr address;
    int64_t number; /* of "sslcontext": its generation. PH_INFO_DESCRIPTOR: borrowed; never close it, never change O_NONBLOCK */
} ph_info;

/* All [loop]. A transport is valid from connection_made until connection_lost returns. After abort()
 * or a loss every call is harmless: writes return PH_E_CLOSED, the rest do nothing. That holds for
 * ever: a handle is a reference that is checked, not an address, and never reaches another
 * connection. After close() writes are accepted while buffered bytes are still waiting; where the
 * kernel has taken everything, close() is a loss at once. */
typedef struct ph_transport_api {
    uint32_t size;
    uint32_t _r;

    /* [loop] Starts an orderly end: reading stops, buffered bytes are flushed, then connection_lost
     * with NULL, never from inside this call. Again: nothing. Of a process: its pipes are closed, and
     * it is killed if it still runs. */
    void (*close)(ph_ctx *, ph_transport *);
    /* [loop] Ends at once: buffered bytes are dropped; connection_lost with NULL, never from inside
     * this call. Of a process: all of its process group is killed. */
    void (*abort)(ph_ctx *, ph_transport *);
    /* [loop] 1 from close, abort, a loss, or an eof_received that kept nothing open. */
    int32_t (*is_closing)(ph_ctx *, ph_transport *);
    /* [loop] "peername", "sockname": addresses; "socket", and of a pipe "pipe": the descriptor; of a
     * process "subprocess": its pidfd, and its number as text. With TLS, as text: "cipher" (name, version
     * and bits), "compression", "peercert" (its subject), "sslcontext" (whose, and as number its
     * generation), "ssl_object" (the name of a table for `extension`), "version", "alpn", "sni",
     * "session_reused" ("true", "false"); PH_OK and kind PH_INFO_NONE where there is none.
     * PH_E_UNSUPPORTED and kind PH_INFO_NONE where the name is not known here. */
    ph_status (*get_extra_info)(ph_ctx *, ph_transport *, ph_str name, ph_info *out);
    /* [loop] The next callback goes to `next`; neither protocol is told. Must be of the same kind. The
     * old one's destroy runs later, when no callback of it is on the stack. */
    ph_status (*set_protocol)(ph_ctx *, ph_transport *, ph_proto next);
    /* [loop] {NULL, NULL} once lost. */
    ph_proto (*get_protocol)(ph_ctx *, ph_transport *);

    /* [loop] Idempotent. No data arrives after pause_reading returns; while paused, neither the
     * peer's end nor its reset is noticed. Data arrives after resume_reading, never inside it. */
    void (*pause_reading)(ph_ctx *, ph_transport *);
    void (*resume_reading)(ph_ctx *, ph_transport *); /* [loop] */
    int32_t (*is_reading)(ph_ctx *, ph_transport *);  /* [loop] 1 when neither paused nor closing */

    /* [loop] Never blocks. The bytes are sent or copied before it returns; what one callback writes
     * reaches the kernel together. May call pause_writing before it returns.
     * PH_E_CLOSED: dropped. PH_E_LIMIT: over the hard limit; dropped, and under policy abort the
     * connection ends. PH_E_EOF_WRITTEN: after write_eof. PH_E_BUSY: a sendfile is under way.
     * PH_E_UNSUPPORTED: it only reads. */
    ph_status (*write)(ph_ctx *, ph_transport *, const void *data, size_t n);
    /* [loop] The same as one write for each piece, in one system call where possible. Stops at the
     * first piece that is refused. */
    ph_status (*writelines)(ph_ctx *, ph_transport *, const ph_iov *pieces, size_t count);
    /* [loop] As write, without a copy: `release(arg)` is called on the loop exactly once, when the
     * bytes were sent or dropped, also on error, possibly before this returns. */
    ph_status (*write_owned)(ph_ctx *, ph_transport *, ph_iov data, ph_fn release, void *arg);
    /* [loop] Half-close once everything written is flushed; reading goes on. Idempotent. PH_E_UNSUPPORTED
     * before TLS 1.3, which ends both directions at once: there `keep_open` of eof_received keeps nothing. */
    ph_status (*write_eof)(ph_ctx *, ph_transport *);
    int32_t (*can_write_eof)(ph_ctx *, ph_transport *); /* [loop] */
    /* [loop] -1 is asyncio's None: only high sets low to high/4, only low sets high to 4*low,
     * neither restores the unit's own. PH_E_INVAL unless high >= low >= 0. May call pause_writing. */
    ph_status (*set_write_buffer_limits)(ph_ctx *, ph_transport *, int64_t high, int64_t low);
    void (*get_write_buffer_limits)(ph_ctx *, ph_transport *, size_t *low, size_t *high); /* [loop] */
    /* [loop] Bytes the kernel refused; for datagrams, with a fixed amount more for each. */
    size_t (*get_write_buffer_size)(ph_ctx *, ph_transport *);

    ph_ref (*ref)(ph_ctx *, ph_transport *);       /* [loop] */
    ph_transport *(*deref)(ph_ctx *, ph_ref);      /* [loop] NULL once lost */

    /* [loop] Datagrams only; never blocks. {NULL, 0} is the remote that the endpoint was opened with.
     * Datagrams keep their order and are never joined; an empty one is sent. The bytes are sent or
     * copied before it returns; what the callbacks for one batch of arrivals send reaches the kernel
     * together. What the kernel refuses waits; what it rejects is told to error_received, then or
     * later, and the transport lives. May call pause_writing and error_received before it returns.
     * PH_E_INVAL: no address and no remote, or another address than the remote; nothing was sent.
     * PH_E_CLOSED, PH_E_LIMIT: as write. */
    ph_status (*sendto)(ph_ctx *, ph_transport *, const void *data, size_t n, ph_addr to);

    /* Processes only. */

    /* [loop] 0: it is no process. Its number is nobody else's before connection_lost has returned. */
    int64_t (*get_pid)(ph_ctx *, ph_transport *);
    /* [loop] Of 0 what it reads, of 1 and 2 what it writes, a transport like those of other pipes; NULL
     * where that is no pipe. Its end is told to pipe_connection_lost; it is stale then. */
    ph_transport *(*get_pipe_transport)(ph_ctx *, ph_transport *, int32_t fd);
    /* [loop] PH_OK: it has exited with *code, or was killed by the signal -*code. PH_E_AGAIN: it runs.
     * PH_E_FAIL: it has ended, and somebody else has waited for it. */
    ph_status (*get_returncode)(ph_ctx *, ph_transport *, int32_t *code);
    /* [loop] To the process, or with PH_SIGNAL_GROUP to all of its process group, also after its own
     * end. PH_E_CLOSED: there is nobody any more. PH_E_INVAL: no such signal.
     * PH_E_OS: it may not be signalled. */
    ph_status (*send_signal)(ph_ctx *, ph_transport *, int32_t signal, uint32_t flags);
} ph_transport_api;

enum { PH_SIGNAL_GROUP = 1u };

/* ---- the loop ------------------------------------------------------------------------------ */

/* What the services below open. Zero it, set `size`, and fill in what is wanted.
 *
 * On acceptance, an op that is not 0, `arg` and `descriptor` are the host's. `done` is then called
 * exactly once, on the loop, never from inside the call, also after cancel (PH_E_CANCELLED); `drop`
 * exactly once, last of all, when neither make nor done will be called again. What is wrong with the
 * arguments is told to `done` as well. 0, while the unit goes or with an instance's context: none of
 * them is called, and `arg` and `descriptor` are still the caller's. */
typedef struct ph_open {
    uint32_t size;
    uint32_t flags;     /* PH_OPEN_TLS */
    /* "tcp://127.0.0.1:8888", "unix:///run/x.sock", "unix:@name", "udp://[::1]:53", "unixgram:///path", as in
     * the configuration; a name is resolved without blocking. For datagrams: the remote, and optional. */
    ph_str address;
    ph_str local;       /* to bind to: the same notation; empty: the kernel chooses */
    int64_t descriptor; /* an existing one that no transport has, instead of `address`; 0 or -1: none */
    uint64_t timeout;   /* nanoseconds until connecting is given up; 0: the unit's timeouts.connect */
    /* [loop] asyncio's protocol_factory; for a server once for each connection. */
    ph_status (*make)(void *arg, ph_proto *out);
    void (*drop)(void *arg); /* [loop] may be NULL */
    void *arg;
    ph_str server_name; /* of a TLS client: whom it wants to reach; empty: the host of `address` */
} ph_open;

/* Streams: TLS from the beginning, asyncio's ssl. A server uses the unit's `tls`, and so does a client where it
 * is an endpoint's; another client verifies as this system does. A protocol is made after the handshake. */
enum { PH_OPEN_TLS = 1u };

/* [loop] Of the two, one is NULL. The transport's connection_made has been called, and what it scheduled, but
 * nothing was received; where it has closed the transport, connection_lost too, and `transport` is stale. */
typedef void (*ph_opened)(void *arg, const ph_error *why_or_null, ph_transport *transport);
/* [loop] Of the two, one is NULL. */
typedef void (*ph_serving)(void *arg, const ph_error *why_or_null, ph_server *server);
/* [loop] `sent` counts also where it failed on the way. */
typedef void (*ph_sent)(void *arg, const ph_error *why_or_null, uint64_t sent);

/* Which end of a TLS handshake is ours. */
enum { PH_TLS_SERVER = 1, PH_TLS_CLIENT = 2 };

/* How start_tls begins. Zero it, set `size` and `role`. */
typedef struct ph_tls_start {
    uint32_t size;
    uint32_t role;      /* PH_TLS_SERVER or PH_TLS_CLIENT; with what context, as PH_OPEN_TLS says */
    ph_str server_name; /* of a client: whom it wants to reach; empty: what the unit's `tls` says, or anybody */
    ph_iov received;    /* what the peer has sent already, and which belongs to TLS */
    uint64_t timeout;   /* nanoseconds for the handshake; 0: the unit's tls.handshake_timeout */
} ph_tls_start;

/* A standard descriptor of a new process, and what it is connected to. */
enum {
    PH_STDIO_PIPE = 0,      /* to a pipe of the transport; with PH_PROCESS_PTY to the terminal */
    PH_STDIO_INHERIT = 1,   /* to the daemon's own */
    PH_STDIO_DEVNULL = 2,
    PH_STDIO_STDOUT = 3,    /* of standard error: to where standard output goes */
    PH_STDIO_DESCRIPTOR = 4 /* to `descriptor`, which is copied in the call */
};
typedef struct ph_stdio { uint32_t kind; int32_t descriptor; } ph_stdio;

/* A further descriptor of a new process: its number there, and what it is, copied in the call. */
typedef struct ph_inherited { int32_t number; int32_t descriptor; } ph_inherited;

/* setrlimit's. */
typedef struct ph_limit { int32_t resource; uint32_t _r; uint64_t soft; uint64_t hard; } ph_limit;

enum {
    PH_PROCESS_ENV = 1u,         /* `environment` is all; else it comes to PATH, LANG, HOME and USER */
    PH_PROCESS_NEW_SESSION = 2u, /* else it leads a process group of its own */
    PH_PROCESS_PTY = 4u,         /* its pipes are one terminal, its controlling one, in a new session */
    PH_PROCESS_UMASK = 8u,       /* `umask` counts */
    PH_PROCESS_GROUPS = 16u      /* `groups` count; else they are those of `user` */
};

/* What subprocess_exec and subprocess_shell start. Zero it, set `size`, and fill in what is wanted. */
typedef struct ph_process {
    uint32_t size;
    uint32_t flags;
    /* The first is the program, looked up in PATH of the child's environment unless it has a slash. For
     * the shell one, its line. */
    const ph_str *arguments;
    size_t argument_count;
    const ph_str *environment; /* "NAME=value" */
    size_t environment_count;
    ph_str executable;         /* another program than the first argument says */
    ph_str directory;          /* empty: the daemon's */
    ph_str user;               /* by name or number; empty: the daemon's */
    ph_str group;              /* empty: that of `user` */
    const ph_str *groups;
    size_t group_count;
    const ph_inherited *descriptors; /* beside 0, 1 and 2; it has no others */
    size_t descriptor_count;
    const ph_limit *limits;
    size_t limit_count;
    ph_stdio stdio[3];
    uint32_t umask;
    uint16_t rows;             /* of the terminal; 0: 24 and 80 */
    uint16_t columns;
} ph_process;

/* Of `fn` and `drop` exactly one is called, once, on the loop, never inside the scheduling call:
 * `drop`, which may be NULL, when it was cancelled or the plugin goes first. While the plugin goes, the
 * scheduling calls return 0 or PH_E_CANCELLED: then neither is called, and `arg` is still the caller's.
 * The same holds for what is [loop] and called on another thread, as load and configure may be:
 * nothing happens, the answer is 0 or PH_E_WRONG_THREAD, and the log says so once. */
typedef struct ph_loop_api {
    uint32_t size;
    uint32_t _r;
    uint64_t (*time)(ph_ctx *);                                             /* [any] monotonic, ns */
    ph_op (*call_soon)(ph_ctx *, ph_fn fn, ph_fn drop, void *arg);          /* [loop] first in, first out */
    ph_op (*call_at)(ph_ctx *, uint64_t when, ph_fn fn, ph_fn drop, void *arg); /* [loop] never early */
    ph_status (*cancel)(ph_ctx *, ph_op);                                   /* [loop] PH_E_INVAL: too late */
    /* [any] PH_E_CANCELLED: the loop has stopped; then neither is called. */
    ph_status (*call_soon_threadsafe)(ph_ctx *, ph_fn fn, ph_fn drop, void *arg);

    /* [loop] All of these: with the context of a factory, for what they open is its unit's. The unit's
     * write_buffer, timeouts and socket settings hold for it; it is counted, drained and closed with it. */

    /* tcp://, or a listening socket. */
    ph_op (*create_server)(ph_ctx *, const ph_open *, ph_serving done);            /* [loop] */
    ph_op (*create_unix_server)(ph_ctx *, const ph_open *, ph_serving done);       /* [loop] */
    /* tcp://, or a connected socket, which may be of any family. */
    ph_op (*create_connection)(ph_ctx *, const ph_open *, ph_opened done);         /* [loop] */
    ph_op (*create_unix_connection)(ph_ctx *, const ph_open *, ph_opened done);    /* [loop] */
    /* What accept() returned, elsewhere. */
    ph_op (*connect_accepted_socket)(ph_ctx *, const ph_open *, ph_opened done);   /* [loop] */
    /* udp:// and unixgram:, or a datagram socket. */
    ph_op (*create_datagram_endpoint)(ph_ctx *, const ph_open *, ph_opened done);  /* [loop] */
    /* A pipe, a socket or a character device; one that is read must be one that epoll takes. */
    ph_op (*connect_read_pipe)(ph_ctx *, const ph_open *, ph_opened done);         /* [loop] */
    ph_op (*connect_write_pipe)(ph_ctx *, const ph_open *, ph_opened done);        /* [loop] */

    /* [loop] No new connections; those that live go on. */
    void (*server_close)(ph_ctx *, ph_server *);
    int32_t (*server_is_serving)(ph_ctx *, ph_server *); /* [loop] */
    /* [loop] One of its listening sockets, as get_extra_info("sockname"); PH_E_INVAL past the last. */
    ph_status (*server_address)(ph_ctx *, ph_server *, size_t index, ph_info *out);

    /* [loop] Sends `count` bytes (1 or more; UINT64_MAX: to the end) of a file from `offset`, behind
     * what was written before; reading is paused meanwhile, and writes are refused with PH_E_BUSY.
     * Without a copy where the kernel can; else through a buffer, and the file is read outside the loop.
     * A file that ends earlier is no error. The descriptor stays the caller's, open until `done`, which
     * is called exactly once, before connection_lost. 0: refused, nothing is called. */
    ph_op (*sendfile)(ph_ctx *, ph_transport *, int64_t descriptor, uint64_t offset, uint64_t count,
                      ph_sent done, void *arg);
    /* [loop] Calls `work` on one of a bounded number of threads, then `done` on the loop, exactly once;
     * cancelled before it began, `done` alone. 0: refused, nothing is called. The factory outlives it. */
    ph_op (*run_in_executor)(ph_ctx *, ph_fn work, ph_fn done, void *arg);

    /* A program, or a line for /bin/sh. Of ph_open: make, drop and arg. It runs when `done` is called with
     * a transport; PH_E_OS and errno where it cannot be started, with what failed in the text. Whatever
     * happens to the daemon, it does not outlive it. */
    ph_op (*subprocess_exec)(ph_ctx *, const ph_open *, const ph_process *, ph_opened done);  /* [loop] */
    ph_op (*subprocess_shell)(ph_ctx *, const ph_open *, const ph_process *, ph_opened done); /* [loop] */

    /* [loop] TLS from here on, over a stream socket; the transport stays the same. What was written before goes
     * out as it is, what is written meanwhile waits for the handshake, and nothing is read. Bytes of the peer that
     * came behind its own switch are lost unless they are handed over in `received`. `done` is called exactly
     * once; where it fails the transport is lost for the same reason, and connection_lost comes after it, as it
     * does after cancel. What cannot begin is told to `done` alone. 0: refused, nothing is called. */
    ph_op (*start_tls)(ph_ctx *, ph_transport *, const ph_tls_start *, ph_opened done, void *arg);
} ph_loop_api;

/* ---- TLS ------------------------------------------------------------------------------------ */

/* What was agreed on. All is borrowed until the end of the callback. */
typedef struct ph_tls_session {
    uint32_t size;
    uint32_t cipher_bits;
    ph_str version;     /* "TLSv1.3" */
    ph_str cipher;      /* "TLS_AES_256_GCM_SHA384" */
    ph_str alpn;        /* empty: nothing */
    ph_str server_name; /* what the client has asked for; empty: nothing */
    ph_str context;     /* whose certificates: "listener web" */
    uint64_t context_generation;
    uint32_t resumed;   /* 1: of an earlier session */
    uint32_t _r;
} ph_tls_session;

/* What `extension` answers for PH_TLS_1. All: PH_E_UNSUPPORTED where the transport speaks no TLS, or not yet. */
#define PH_TLS_1 "ph.tls/1"
typedef struct ph_tls_api {
    uint32_t size;
    uint32_t _r;
    ph_status (*get_session)(ph_ctx *, ph_transport *, ph_tls_session *out); /* [loop] */
    /* [loop] DER; borrowed until the next get_extra_info or get_peer_certificate. {NULL, 0}: none was shown. */
    ph_status (*get_peer_certificate)(ph_ctx *, ph_transport *, ph_iov *der);
    /* [loop] RFC 5705. `context` {NULL, 0}: without one. */
    ph_status (*export_keying_material)(ph_ctx *, ph_transport *, ph_str label, ph_iov context, void *out,
                                        size_t n);
} ph_tls_api;

/* ---- configuration -------------------------------------------------------------------------- */

/* A read-only view of a binding's `options`, checked against the declared ph_option list before any
 * code of the plugin sees it; defaults are filled in. Getters fail with the place and the key of the
 * value in the text already. All [load], all valid until configure returns. */
typedef struct ph_config_api {
    uint32_t size;
    uint32_t _r;
    const ph_node *(*get)(ph_ctx *, const ph_node *, ph_str key);   /* [load] NULL: absent */
    const ph_node *(*at)(ph_ctx *, const ph_node *, size_t index);  /* [load] NULL: past the end */
    size_t (*count)(ph_ctx *, const ph_node *);                     /* [load] of a list or a mapping */
    ph_str (*key_at)(ph_ctx *, const ph_node *, size_t index);      /* [load] of a mapping; at() gives the value */
    ph_status (*as_string)(ph_ctx *, const ph_node *, ph_str *out);     /* [load] */
    ph_status (*as_integer)(ph_ctx *, const ph_node *, int64_t *out);   /* [load] */
    ph_status (*as_number)(ph_ctx *, const ph_node *, double *out);     /* [load] */
    ph_status (*as_boolean)(ph_ctx *, const ph_node *, int32_t *out);   /* [load] */
    ph_status (*as_duration)(ph_ctx *, const ph_node *, uint64_t *out); /* [load] nanoseconds */
    ph_status (*as_size)(ph_ctx *, const ph_node *, uint64_t *out);     /* [load] bytes */
    /* [load] Points at the guilty value: returns PH_E_INVAL, text and place set. */
    ph_status (*reject)(ph_ctx *, const ph_node *, ph_str why);
} ph_config_api;

/* ---- the host ------------------------------------------------------------------------------- */

enum { PH_LOG_TRACE = 0, PH_LOG_DEBUG = 1, PH_LOG_INFO = 2, PH_LOG_WARN = 3, PH_LOG_ERROR = 4 };

/* One per process; its pointers never change while the plugin lives. */
typedef struct ph_host {
    uint32_t size;
    uint32_t abi_major;
    uint32_t abi_minor;
    uint32_t _r;
    ph_str product; /* "protohostd" */
    ph_str version;
    const ph_transport_api *transport;
    const ph_loop_api *loop;
    const ph_config_api *config;
    int32_t (*log_enabled)(ph_ctx *, int32_t level);            /* [any] */
    void (*log)(ph_ctx *, int32_t level, ph_str message);       /* [any] copies */
    /* [any] Sets the text of the error that the running callback returns; copies; returns code. */
    ph_status (*fail)(ph_ctx *, ph_status code, ph_str message);
    int32_t (*on_loop)(ph_ctx *);                               /* [any] for assertions */
    /* [any] A table by name ("ph.tls/1", "com.example.thing/2"); NULL where absent. */
    const void *(*extension)(ph_ctx *, const char *id);
} ph_host;

/* ---- what the plugin exports ---------------------------------------------------------------- */

enum {
    PH_OPTION_STRING = 1,
    PH_OPTION_INTEGER = 2,
    PH_OPTION_NUMBER = 3,
    PH_OPTION_BOOLEAN = 4,  /* YAML 1.2: true or false */
    PH_OPTION_DURATION = 5, /* 250ms, 30s, 5m, 2h, 1d */
    PH_OPTION_SIZE = 6,     /* 512, 64KiB, 16MiB, 1GiB */
    PH_OPTION_LIST = 7,     /* of strings */
    PH_OPTION_ANY = 8       /* the plugin looks for itself */
};
enum { PH_OPTION_REQUIRED = 1u };

/* `deflt` is the text as YAML would have it, so an empty string is "\"\""; nothing at all: no
 * default. */
typedef struct ph_option { ph_str key; uint32_t type; uint32_t flags; ph_str deflt; ph_str help; } ph_option;

/* A protocol factory: asyncio's protocol_factory, configured. Required: configure, make_protocol. */
typedef struct ph_factory {
    uint32_t size;
    uint32_t kind; /* PH_STREAM ... */
    ph_str name;
    ph_str summary;
    const ph_option *options;
    size_t option_count;
    /* [load] Once per binding, and in `protohostd --check`: no side effects. */
    ph_status (*configure)(ph_ctx *, void *instance, const ph_node *options, void **factory);
    /* [loop] Once per connection, before connection_made. */
    ph_status (*make_protocol)(ph_ctx *, void *factory, ph_proto *out);
    /* [loop] Optional. Once, after the configuration with this binding was committed, and before the
     * first make_protocol. */
    ph_status (*started)(ph_ctx *, void *factory);
    /* [loop] After the last protocol's destroy. */
    void (*release)(ph_ctx *, void *factory);
    /* [loop] Optional. Once, after started: the unit stops, or another factory has taken its place.
     * End here what started began, for nobody else does it when only the factory is replaced: living
     * connections go on, and the calls below go on working until release. */
    ph_status (*stopped)(ph_ctx *, void *factory);
} ph_factory;

enum { PH_PLUGIN_PIN = 1u /* never unmap */, PH_PLUGIN_THREADS = 2u /* starts threads after load */ };

typedef struct ph_plugin {
    uint32_t size;
    uint32_t flags;
    ph_str name;
    ph_str version;
    const ph_factory *const *factories;
    size_t factory_count;
    /* [load] Optional. Nothing may have a side effect before this. */
    ph_status (*load)(const ph_host *, ph_ctx *, void **instance);
    /* [loop] Optional. Nothing of it is in use any more: stop threads, without waiting for them here.
     * PH_E_BUSY: not yet; asked again, ten times a second, until `deadline` (loop time) has passed. */
    ph_status (*quiesce)(void *instance, uint64_t deadline);
    /* [loop] Optional. Only when nothing of it is in use, and after quiesce has returned PH_OK. */
    void (*unload)(void *instance);
} ph_plugin;

/* [load] Pure: looks at the host's version at most, and returns static data. NULL: refuses. */
typedef const ph_plugin *(*ph_entry_fn)(const ph_host *);
#define PH_ENTRY_SYMBOL "protohost_plugin_entry_v1"

/* Read from the file before any code of it runs. name and version are NUL-padded. */
#define PH_NOTE_SECTION ".note.protohost.plugin"
#define PH_NOTE_OWNER "protohost"
#define PH_NOTE_TYPE 1u
typedef struct ph_note {
    uint32_t namesz; /* 10 */
    uint32_t descsz; /* 80 */
    uint32_t type;
    char owner[12];
    uint32_t major;
    uint32_t minor;
    uint32_t min_host_minor;
    uint32_t flags;
    char name[32];
    char version[32];
} ph_note;

#define PH_EXPORT __attribute__((visibility("default")))
/* Defines the note; `min_minor` is the oldest ABI minor of a daemon that will do. */
#define PH_PLUGIN_NOTE(plugin_name, plugin_version, min_minor, plugin_flags)                   \
    __attribute__((section(PH_NOTE_SECTION), used, aligned(4))) static const ph_note           \
        ph_plugin_note = {10u, 80u, PH_NOTE_TYPE, PH_NOTE_OWNER, PH_ABI_MAJOR, PH_ABI_MINOR,   \
                          (min_minor), (plugin_flags), plugin_name, plugin_version}

#ifdef __cplusplus
}
#endif
#endif
