// SPDX-License-Identifier: MIT
// Starts /bin/true as often as each line of standard input says, one after the other, and answers
// with the nanoseconds that it took: what a loop in C costs with nothing around it.
#include <inttypes.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

extern char** environ;

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int run_once(void) {
    char name[] = "true";
    char* arguments[] = {name, NULL};
    pid_t child;
    int status;
    if (posix_spawn(&child, "/bin/true", NULL, NULL, arguments, environ) != 0) return 0;
    return waitpid(child, &status, 0) == child && status == 0;
}

int main(void) {
    unsigned long times;
    while (scanf("%lu", &times) == 1) {
        const uint64_t begin = now();
        for (unsigned long i = 0; i < times; ++i) {
            if (run_once()) continue;
            fputs("posix_spawn: /bin/true did not run\n", stderr);
            return EXIT_FAILURE;
        }
        printf("%" PRIu64 "\n", now() - begin);
        fflush(stdout);
    }
    return EXIT_SUCCESS;
}
