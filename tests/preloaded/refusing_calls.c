/* SPDX-License-Identifier: MIT
 *
 * refusing_calls.c: a kernel that refuses, for LD_PRELOAD. The file that the environment calls
 * REFUSED_CALL names one call, an error number and a process: in that, the call fails with it. The
 * file may change at any time, and be gone.
 */
#undef _FORTIFY_SOURCE /* which defines some of them itself */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* C has no cast for it. */
#define NEXT(name)                                \
    __typeof__(&name) next = NULL;                \
    void* const symbol = dlsym(RTLD_NEXT, #name); \
    memcpy(&next, &symbol, sizeof next)

/* 0: not refused. */
static int refusal(const char* call) {
    const char* const path = getenv("REFUSED_CALL");
    if (path == NULL) return 0;
    char text[100] = "";
    const long file = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    syscall(SYS_read, file, text, sizeof text - 1);
    syscall(SYS_close, file);
    char name[50] = "";
    int number = 0;
    int process = 0;
    if (sscanf(text, "%49s %d %d", name, &number, &process) != 3) return 0;
    return strcmp(name, call) == 0 && process == getpid() ? number : 0;
}

/* The copies that are made of plugins. */
static int is_plugin(const char* path) {
    const size_t length = path != NULL ? strlen(path) : 0;
    return length > 3 && strcmp(path + length - 3, ".so") == 0;
}

#define REFUSE(call)               \
    do {                           \
        errno = refusal(call);     \
        if (errno != 0) return -1; \
    } while (0)

EXPORT int open(const char* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    if ((flags & O_CREAT) != 0 && is_plugin(path)) REFUSE("open");
    NEXT(open);
    return next(path, flags, mode);
}

EXPORT ssize_t write(int fd, const void* data, size_t size) {
    char link[50];
    char path[4096] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (readlink(link, path, sizeof path - 1) > 0 && is_plugin(path)) REFUSE("write");
    NEXT(write);
    return next(fd, data, size);
}

EXPORT int memfd_create(const char* name, unsigned flags) {
    REFUSE("memfd_create");
    NEXT(memfd_create);
    return next(name, flags);
}

EXPORT int pipe2(int ends[2], int flags) {
    REFUSE("pipe2");
    NEXT(pipe2);
    return next(ends, flags);
}

EXPORT int socket(int domain, int type, int protocol) {
    REFUSE("socket");
    NEXT(socket);
    return next(domain, type, protocol);
}

EXPORT int bind(int fd, __CONST_SOCKADDR_ARG address, socklen_t size) {
    REFUSE("bind");
    NEXT(bind);
    return next(fd, address, size);
}

EXPORT int listen(int fd, int backlog) {
    REFUSE("listen");
    NEXT(listen);
    return next(fd, backlog);
}

EXPORT int posix_spawn(pid_t* id,
                       const char* path,
                       const posix_spawn_file_actions_t* actions,
                       const posix_spawnattr_t* attributes,
                       char* const arguments[],
                       char* const environment[]) {
    const int number = refusal("posix_spawn");
    if (number != 0) return number;
    NEXT(posix_spawn);
    return next(id, path, actions, attributes, arguments, environment);
}

EXPORT int pthread_create(pthread_t* thread,
                          const pthread_attr_t* attributes,
                          void* (*start)(void*),
                          void* argument) {
    const int number = refusal("pthread_create");
    if (number != 0) return number;
    NEXT(pthread_create);
    return next(thread, attributes, start, argument);
}

EXPORT void* dlopen(const char* path, int mode) {
    NEXT(dlopen);
    const int refused = (mode & RTLD_NOLOAD) == 0 && is_plugin(path) && refusal("dlopen") != 0;
    return next(refused ? "/refused" : path, mode);
}
