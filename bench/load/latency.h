// SPDX-License-Identifier: MIT
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bench/load/histogram.h"

/// How long something took each time, since it was said last.
struct latency {
    struct histogram values;  ///< ns
    uint64_t worst;
};

static inline void latency_add(struct latency* l, int64_t ns) {
    histogram_add(&l->values, (uint64_t)ns);
    if ((uint64_t)ns > l->worst) l->worst = (uint64_t)ns;
}

/// As a member of an object in JSON, with a comma behind it; and forgets it.
static inline void latency_say(const char* name, struct latency* l) {
    printf(
        "\"%s\": {\"count\": %llu, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"p999_ms\": %.3f, "
        "\"worst_ms\": %.3f}, ",
        name,
        (unsigned long long)l->values.total,
        (double)histogram_quantile(&l->values, 0.5) / 1e6,
        (double)histogram_quantile(&l->values, 0.99) / 1e6,
        (double)histogram_quantile(&l->values, 0.999) / 1e6,
        (double)l->worst / 1e6);
    memset(l, 0, sizeof *l);
}
