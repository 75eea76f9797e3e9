// SPDX-License-Identifier: MIT
// libuv, used as well as it can be: one read buffer for all connections, and uv_try_write first.
//
//     uv_echo [echo|pieces|greet]    pieces: the echo in writes of 64 bytes
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { BUFFER_SIZE = 64 * 1024, PIECE = 64 };

/// What the kernel refused; libuv keeps it in order.
struct rest {
    uv_write_t request;
    char bytes[];
};

static uv_loop_t* loop;
static char buffer[BUFFER_SIZE];
static char greeting[64];
static size_t piece = BUFFER_SIZE;

static void check(int error, const char* what) {
    if (error == 0) return;
    fprintf(stderr, "%s: %s\n", what, uv_strerror(error));
    exit(1);
}

static void on_close(uv_handle_t* handle) {
    free(handle);
}

static void on_written(uv_write_t* request, int status) {
    (void)status;  // the reader notices what is wrong
    free(request);
}

static void write_bytes(uv_stream_t* stream, const char* bytes, size_t size) {
    const uv_buf_t now = uv_buf_init((char*)bytes, (unsigned)size);
    const int sent = uv_try_write(stream, &now, 1);
    if (sent == (int)size) return;
    if (sent < 0 && sent != UV_EAGAIN) return;
    const size_t done = sent > 0 ? (size_t)sent : 0;
    struct rest* const rest = malloc(sizeof *rest + size - done);
    memcpy(rest->bytes, bytes + done, size - done);
    const uv_buf_t later = uv_buf_init(rest->bytes, (unsigned)(size - done));
    check(uv_write(&rest->request, stream, &later, 1, on_written), "uv_write");
}

static void lend_buffer(uv_handle_t* handle, size_t wanted, uv_buf_t* lent) {
    (void)handle;
    (void)wanted;
    *lent = uv_buf_init(buffer, sizeof buffer);
}

static void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* read) {
    if (size < 0) {
        uv_close((uv_handle_t*)stream, on_close);
        return;
    }
    for (size_t at = 0; at < (size_t)size; at += piece) {
        const size_t left = (size_t)size - at;
        write_bytes(stream, read->base + at, left < piece ? left : piece);
    }
}

static uv_stream_t* accept_from(uv_stream_t* server) {
    uv_tcp_t* const client = malloc(sizeof *client);
    check(uv_tcp_init(loop, client), "uv_tcp_init");
    check(uv_accept(server, (uv_stream_t*)client), "uv_accept");
    return (uv_stream_t*)client;
}

static void echo(uv_stream_t* server, int status) {
    check(status, "listen");
    uv_stream_t* const client = accept_from(server);
    uv_tcp_nodelay((uv_tcp_t*)client, 1);
    uv_read_start(client, lend_buffer, on_read);
}

static void greet(uv_stream_t* server, int status) {
    check(status, "listen");
    uv_stream_t* const client = accept_from(server);
    write_bytes(client, greeting, sizeof greeting);
    uv_close((uv_handle_t*)client, on_close);
}

int main(int argc, char** argv) {
    const char* const service = argc > 1 ? argv[1] : "echo";
    if (strcmp(service, "pieces") == 0) piece = PIECE;
    memset(greeting, 'm', sizeof greeting);
    loop = uv_default_loop();
    uv_tcp_t server;
    check(uv_tcp_init(loop, &server), "uv_tcp_init");
    struct sockaddr_in address;
    check(uv_ip4_addr("127.0.0.1", 0, &address), "uv_ip4_addr");
    check(uv_tcp_bind(&server, (const struct sockaddr*)&address, 0), "uv_tcp_bind");
    const uv_connection_cb serve = strcmp(service, "greet") == 0 ? greet : echo;
    check(uv_listen((uv_stream_t*)&server, 4096, serve), "uv_listen");
    int size = sizeof address;
    check(uv_tcp_getsockname(&server, (struct sockaddr*)&address, &size), "uv_tcp_getsockname");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return uv_run(loop, UV_RUN_DEFAULT);
}
