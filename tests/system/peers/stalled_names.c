/* SPDX-License-Identifier: MIT
 *
 * stalled_names.c: a name server that never answers, for LD_PRELOAD. Whoever looks up a name below
 * ".stalled" waits for ever, and standard error says so.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

typedef int lookup(const char*, const char*, const struct addrinfo*, struct addrinfo**);

static int is_stalled(const char* name) {
    const char* const dot = name != NULL ? strrchr(name, '.') : NULL;
    return dot != NULL && strcmp(dot, ".stalled") == 0;
}

EXPORT int getaddrinfo(const char* node,
                       const char* service,
                       const struct addrinfo* hints,
                       struct addrinfo** found) {
    lookup* libc = NULL;
    void* const symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&libc, &symbol, sizeof libc); /* C has no cast for it */
    const int numbers_only = hints != NULL && (hints->ai_flags & AI_NUMERICHOST) != 0;
    if (numbers_only || !is_stalled(node)) return libc(node, service, hints, found);
    dprintf(STDERR_FILENO, "nobody answers for %s\n", node);
    while (1) pause();
}
