// SPDX-License-Identifier: MIT
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bench/common.h"

/// `--NAME VALUE` pairs, all numbers.
struct argument {
    const char* name;
    unsigned long* value;
};

static inline void read_arguments(int argc, char** argv, const struct argument* known) {
    for (int i = 1; i + 1 < argc; i += 2) {
        const struct argument* found = known;
        while (found->name != NULL && strcmp(found->name, argv[i]) != 0) ++found;
        if (found->name == NULL) fail("unknown argument; the table in main() has them all");
        *found->value = strtoul(argv[i + 1], NULL, 10);
    }
    if (argc % 2 == 0) fail("an argument has no value");
}
