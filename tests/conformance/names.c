/* SPDX-License-Identifier: MIT
 *
 * names.c: a name with two addresses, for LD_PRELOAD. Nobody listens at the first.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef int lookup(const char*, const char*, const struct addrinfo*, struct addrinfo**);

EXPORT int getaddrinfo(const char* node,
                       const char* service,
                       const struct addrinfo* hints,
                       struct addrinfo** found) {
    lookup* libc = NULL;
    void* const symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&libc, &symbol, sizeof libc); /* C has no cast for it */
    const int numbers_only = hints != NULL && (hints->ai_flags & AI_NUMERICHOST) != 0;
    if (node == NULL || numbers_only || strcmp(node, "two-addresses.test") != 0) {
        return libc(node, service, hints, found);
    }
    const int error = libc("127.0.0.2", service, hints, found);
    if (error != 0) return error;
    struct addrinfo* last = *found;
    while (last->ai_next != NULL) last = last->ai_next;
    return libc("127.0.0.1", service, hints, &last->ai_next);
}
