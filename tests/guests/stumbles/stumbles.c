/* SPDX-License-Identifier: MIT
 *
 * A plugin that does one thing wrong at one step of its life. Built once for each pair that the
 * tests want, as STEP_ACTION: load_hangs, constructor_crashes. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <protohost/abi.h>

/* STEP and ACTION come from the build, as one of these. */
enum { constructor, entry, load, configure, release, unload };
enum { crashes, faults, hangs, exits, is_killed, starts_a_thread, leaks, talks };

static void* wait_for_ever(void* nothing) {
    while (pause() != 0) {
    }
    return nothing;
}

static void act(int step) {
    pthread_t thread;
    if (step != STEP) return;
    switch (ACTION) {
        case crashes:
            fputs("before\nthese were my last words\n", stderr);
            abort();
        case faults:
            signal(SIGSEGV, SIG_DFL);
            raise(SIGSEGV);
            return;
        case hangs:
            wait_for_ever(NULL);
            return;
        case exits:
            exit(3);
        case is_killed:
            kill(getpid(), SIGKILL);
            return;
        case starts_a_thread:
            pthread_create(&thread, NULL, wait_for_ever, NULL);
            return;
        case leaks:
            if (open("/dev/null", O_RDONLY) < 0) abort();
            return;
        case talks:
            puts("7:nothing1:01:01:0");
            fflush(stdout);
            return;
    }
}

__attribute__((constructor)) static void construct(void) {
    act(constructor);
}

static ph_status load_it(const ph_host* host, ph_ctx* context, void** instance) {
    (void)host;
    (void)context;
    (void)instance;
    act(load);
    return PH_OK;
}
static void unload_it(void* instance) {
    (void)instance;
    act(unload);
}
static ph_status configure_it(ph_ctx* context,
                              void* instance,
                              const ph_node* node,
                              void** factory) {
    (void)context;
    (void)instance;
    (void)node;
    *factory = NULL;
    act(configure);
    return PH_OK;
}
static void release_it(ph_ctx* context, void* factory) {
    (void)context;
    (void)factory;
    act(release);
}

#define GUEST_LOAD load_it
#define GUEST_UNLOAD unload_it
#define GUEST_CONFIGURE configure_it
#define GUEST_RELEASE release_it
#define GUEST_ENTRY(host) ((void)(host), act(entry), &guest_plugin)
#include "../guest.h"

GUEST_PLUGIN();
