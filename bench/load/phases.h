// SPDX-License-Identifier: MIT
#pragma once

// How bench/compare drives a load: it says "ready" when it is connected; for every line of its
// input, "SECONDS COUNT" with 0 for what is no limit, it plays one phase and says what came of it,
// as one line of JSON; it ends with its input.

#include <stdint.h>
#include <stdio.h>

#include "bench/common.h"
#include "bench/load/histogram.h"

struct phase {
    int64_t begin, deadline;  ///< ns; INT64_MAX: none
    int64_t own_begin;        ///< CPU time, ns
    uint64_t quota;           ///< what may still be started; UINT64_MAX: no limit
    uint64_t started, done, lost;
    struct histogram latencies;  ///< ns
};

static inline void say_ready(void) {
    puts("ready");
    fflush(stdout);
}

/// Waits for the next phase; 0: there is none.
static inline int begin_phase(struct phase* phase) {
    double seconds;
    unsigned long long count;
    if (scanf("%lf %llu", &seconds, &count) != 2) return 0;
    *phase = (struct phase){.quota = count != 0 ? count : UINT64_MAX};
    phase->own_begin = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    phase->begin = clock_ns(CLOCK_MONOTONIC);
    phase->deadline = seconds > 0 ? phase->begin + (int64_t)(seconds * 1e9) : INT64_MAX;
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

static inline void end_phase(const struct phase* phase) {
    const int64_t wall = clock_ns(CLOCK_MONOTONIC) - phase->begin;
    const int64_t own = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - phase->own_begin;
    printf(
        "{\"count\": %llu, \"lost\": %llu, \"seconds\": %.6f, \"load_cpu_seconds\": %.9f, "
        "\"p50_us\": %.2f, \"p99_us\": %.2f}\n",
        (unsigned long long)phase->done,
        (unsigned long long)phase->lost,
        (double)wall / 1e9,
        (double)own / 1e9,
        (double)histogram_quantile(&phase->latencies, 0.5) / 1e3,
        (double)histogram_quantile(&phase->latencies, 0.99) / 1e3);
    fflush(stdout);
}
