// SPDX-License-Identifier: MIT
#pragma once

// Where bench_visitors goes, and who is to answer there: an identity that may change when a reload
// says so.

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bench/common.h"

enum { PLACES = 1024, IDENTITY = 32 };

struct place {
    uint16_t port;
    char settled[IDENTITY], coming[IDENTITY];  ///< coming: empty outside of a reload
};

static struct place places[PLACES];
static unsigned place_count;

/// Whether `said` may be the first answer of a connection that began when `settled` held.
static inline int may_answer(const struct place* place, const char* settled, const char* said) {
    return strcmp(said, settled) == 0 || strcmp(said, place->settled) == 0 ||
           strcmp(said, place->coming) == 0;
}

/// 0: the command is about something else.
static inline int obey_about_places(const char* line) {
    char text[IDENTITY] = "";
    unsigned number = 0;
    if (sscanf(line, "place %u %31s", &number, text) == 2) {
        if (place_count == PLACES) fail("too many places");
        places[place_count].port = (uint16_t)number;
        strcpy(places[place_count++].settled, text);
    } else if (sscanf(line, "may %u %31s", &number, text) == 2 && number < place_count) {
        strcpy(places[number].coming, text);
    } else if (sscanf(line, "must %u %31s", &number, text) == 2 && number < place_count) {
        strcpy(places[number].settled, text);
        places[number].coming[0] = '\0';
    } else {
        return 0;
    }
    return 1;
}
