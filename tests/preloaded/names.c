/* SPDX-License-Identifier: MIT
 *
 * names.c: names that no name server has, for LD_PRELOAD.
 *
 * two-addresses.test has two addresses, and nobody listens at the first. Whoever looks up a name
 * below ".stalled" waits for ever, and standard error says so.
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
    const char* const dot = strrchr(name, '.');
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
    if (node == NULL || numbers_only) return libc(node, service, hints, found);
    if (is_stalled(node)) {
        dprintf(STDERR_FILENO, "nobody answers for %s\n", node);
        while (1) pause();
    }
    if (strcmp(node, "two-addresses.test") != 0) return libc(node, service, hints, found);
    const int error = libc("127.0.0.2", service, hints, found);
    if (error != 0) return error;
    struct addrinfo* last = *found;
    while (last->ai_next != NULL) last = last->ai_next;
    return libc("127.0.0.1", service, hints, &last->ai_next);
}
