// SPDX-License-Identifier: MIT
// Loaded before libc, it counts what a program asks for: calls and bytes of malloc and its like,
// and the bytes that live. The counts are in the file that COUNT_MALLOC names, which may be read at
// any time; see counts.py.
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct counts {
    int64_t calls, bytes, live;
};

extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* old, size_t size);
extern void* __libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void* memory);

static struct counts before_the_file;
static struct counts* counts = &before_the_file;

__attribute__((constructor)) static void open_file(void) {
    const char* const path = getenv("COUNT_MALLOC");
    if (path == NULL) return;
    const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof *counts) != 0) return;
    void* const shared = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (shared == MAP_FAILED) return;
    memcpy(shared, counts, sizeof *counts);
    counts = shared;
}

static void add(int64_t* count, int64_t value) {
    __atomic_fetch_add(count, value, __ATOMIC_RELAXED);
}

static void* taken(void* memory) {
    if (memory == NULL) return NULL;
    const int64_t size = (int64_t)malloc_usable_size(memory);
    add(&counts->calls, 1);
    add(&counts->bytes, size);
    add(&counts->live, size);
    return memory;
}

static void given_back(void* memory) {
    if (memory != NULL) add(&counts->live, -(int64_t)malloc_usable_size(memory));
}

void* malloc(size_t size) {
    return taken(__libc_malloc(size));
}

void* calloc(size_t count, size_t size) {
    return taken(__libc_calloc(count, size));
}

void* realloc(void* old, size_t size) {
    given_back(old);
    return taken(__libc_realloc(old, size));
}

void* memalign(size_t alignment, size_t size) {
    return taken(__libc_memalign(alignment, size));
}

void* aligned_alloc(size_t alignment, size_t size) {
    return taken(__libc_memalign(alignment, size));
}

int posix_memalign(void** out, size_t alignment, size_t size) {
    void* const memory = taken(__libc_memalign(alignment, size));
    if (memory == NULL) return ENOMEM;
    *out = memory;
    return 0;
}

void free(void* memory) {
    given_back(memory);
    __libc_free(memory);
}
