// SPDX-License-Identifier: MIT
#pragma once

// How bench/compare drives a load: it says "ready" when it is connected; for every line of its
// input, "SECONDS COUNT PID..." with 0 for what is no limit, it plays one phase and says what came
// of it, as one line of JSON, with the CPU time that those processes spent meanwhile; it ends with
// its input.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/common.h"
#include "bench/load/histogram.h"

enum { MOST_WATCHED = 256, EVENTS_AT_ONCE = 512 };

struct phase {
    int64_t begin, deadline;  ///< ns; INT64_MAX: none
    clockid_t watched[MOST_WATCHED];
    unsigned watched_count;
    int64_t watched_begin;  ///< CPU time, ns
    uint64_t quota;         ///< what may still be started; UINT64_MAX: no limit
    uint64_t started, done, lost;
    struct histogram latencies;  ///< ns
};

static inline void say_ready(void) {
    puts("ready");
    fflush(stdout);
}

static inline int64_t watched_ns(const struct phase* phase) {
    int64_t sum = 0;
    for (unsigned i = 0; i < phase->watched_count; ++i) sum += clock_ns(phase->watched[i]);
    return sum;
}

/// Time runs from here.
static inline void begin_now(struct phase* phase, double seconds) {
    phase->watched_begin = watched_ns(phase);
    phase->begin = clock_ns(CLOCK_MONOTONIC);
    phase->deadline = seconds > 0 ? phase->begin + (int64_t)(seconds * 1e9) : INT64_MAX;
}

/// Waits for the next phase; 0: there is none.
static inline int begin_phase(struct phase* phase) {
    static char line[MOST_WATCHED * 8];
    if (fgets(line, sizeof line, stdin) == NULL) return 0;
    char* rest;
    const double seconds = strtod(line, &rest);
    const uint64_t count = strtoull(rest, &rest, 10);
    *phase = (struct phase){.quota = count != 0 ? count : UINT64_MAX};
    for (long pid; (pid = strtol(rest, &rest, 10)) > 0 && phase->watched_count < MOST_WATCHED;) {
        clockid_t* const clock = &phase->watched[phase->watched_count++];
        if (clock_getcpuclockid((pid_t)pid, clock) != 0) fail("a process to watch is gone");
    }
    begin_now(phase, seconds);
    return 1;
}

/// Up to `wanted` more to start, fewer or none near the end.
static inline uint64_t grant(struct phase* phase, uint64_t wanted, int64_t now) {
    if (now >= phase->deadline) phase->quota = 0;
    if (wanted > phase->quota) wanted = phase->quota;
    if (phase->quota != UINT64_MAX) phase->quota -= wanted;
    phase->started += wanted;
    return wanted;
}

static inline void finish_one(struct phase* phase, int64_t started, int64_t now) {
    ++phase->done;
    histogram_add(&phase->latencies, (uint64_t)(now - started));
}

static inline int is_over(const struct phase* phase) {
    return phase->started == phase->done + phase->lost;
}

/// Passes on what `set` reports, until everything that was started has ended.
static inline void until_over(const struct phase* phase,
                              int set,
                              void (*on_event)(const struct epoll_event* event)) {
    while (!is_over(phase)) {
        struct epoll_event events[EVENTS_AT_ONCE];
        const int ready = epoll_wait(set, events, EVENTS_AT_ONCE, 10000);
        if (ready == 0) fail("no answer for ten seconds");
        if (ready < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < ready; ++i) on_event(&events[i]);
    }
}

static inline void end_phase(const struct phase* phase) {
    const int64_t watched = watched_ns(phase) - phase->watched_begin;
    const int64_t wall = clock_ns(CLOCK_MONOTONIC) - phase->begin;
    printf(
        "{\"count\": %llu, \"lost\": %llu, \"seconds\": %.6f, \"server_cpu_seconds\": %.9f, "
        "\"p50_us\": %.2f, \"p99_us\": %.2f}\n",
        (unsigned long long)phase->done,
        (unsigned long long)phase->lost,
        (double)wall / 1e9,
        (double)watched / 1e9,
        (double)histogram_quantile(&phase->latencies, 0.5) / 1e3,
        (double)histogram_quantile(&phase->latencies, 0.99) / 1e3);
    fflush(stdout);
}
