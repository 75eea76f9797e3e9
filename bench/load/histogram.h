// SPDX-License-Identifier: MIT
#pragma once

#include <stdint.h>

/// Counts of values in buckets that are 1/64 of a power of two wide: quantiles within 1.6 %.
struct histogram {
    uint64_t counts[64 * 64];
    uint64_t total;
};

static inline unsigned histogram_bucket(uint64_t value) {
    if (value < 64) return (unsigned)value;
    const unsigned shift = 57U - (unsigned)__builtin_clzll(value);
    return (shift + 1) * 64 + (unsigned)(value >> shift) - 64;
}

static inline void histogram_add(struct histogram* h, uint64_t value) {
    ++h->counts[histogram_bucket(value)];
    ++h->total;
}

/// The lower edge of the bucket in which the quantile lies.
static inline uint64_t histogram_quantile(const struct histogram* h, double quantile) {
    const uint64_t wanted = (uint64_t)((double)h->total * quantile);
    uint64_t seen = 0;
    for (unsigned i = 0; i < 64 * 64; ++i) {
        seen += h->counts[i];
        if (seen > wanted) return i < 64 ? i : (uint64_t)(i % 64 + 64) << (i / 64 - 1);
    }
    return 0;
}
