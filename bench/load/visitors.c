// SPDX-License-Identifier: MIT
// A load for reloads: established connections, of which --idle are silent and --echoing ask once a
// second, and --rate newcomers a second, each with one question, at all places (ports) in turn. It
// goes on at this rate whatever the server does, counts how each visit ends, and checks each
// answer: it names who answered, which may change for new connections when a reload says so, and
// never for a living one.
//
// A question is "GET /NUMBER" in HTTP/1.1; the answer's body is "IDENTITY /NUMBER\n". Commands, one
// a line of the input; a number is that of a place, from 0, and identities have no spaces:
//
//     place PORT IDENTITY     before `start`
//     start                   opens all; says "ready"
//     may NUMBER IDENTITY     from now on it may answer so, too
//     must NUMBER IDENTITY    connections that begin from now on are answered so
//     renew COUNT             closes the oldest established connections, and opens new ones
//     ask                     all idle connections ask once
//     report                  says what happened since the last one, as a line of JSON
#include <fcntl.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "bench/load/arguments.h"
#include "bench/load/latency.h"
#include "bench/load/places.h"

enum { EVENTS = 256, ADDRESSES = 16, AT_ONCE = 5 };
enum kind { NEWCOMER, IDLE, ECHOING };
enum state { NONE, CONNECTING, ASKING, RESTING };
enum outcome { ANSWERED, REFUSED, RESET, ENDED, WRONG, SILENT, FAILED, OUTCOMES };
static const char* const outcome_names[OUTCOMES] = {
    "answered", "refused", "reset", "ended", "wrong", "silent", "failed"};

struct visit {
    int fd;
    enum kind kind;
    enum state state;
    int asked_once;  ///< an established connection is told apart from one that is being opened
    unsigned place;
    unsigned long number;
    int64_t began;            ///< of the connection, or of the question
    char settled[IDENTITY];   ///< what its place answered when it began to connect
    char identity[IDENTITY];  ///< who answered first
    size_t got;
    char received[1024];
};

static unsigned long rate = 500, idle = 500, echoing = 500, newcomers = 4096, patience = 10;
static int set, ready;
static unsigned place_turn;
static struct visit* visits;  ///< the established ones first
static unsigned long visit_count, established, opened, to_ask, ask_turn, echo_turn, renew_turn,
    busy;
static struct latency connecting, echoes, lateness;
static uint64_t counts[2][OUTCOMES];  ///< of newcomers, of established ones
static uint64_t skipped;
static char sample[256];  ///< of what was wrong
static int64_t second = 1000000000;

static void count(const struct visit* v, enum outcome outcome) {
    ++counts[v->kind != NEWCOMER][outcome];
}

static void rest(struct visit* v) {
    v->state = RESTING;
}

static void leave(struct visit* v) {
    close(v->fd);
    v->fd = -1;
    v->state = NONE;
    if (v->kind == NEWCOMER) --busy;
}

static void lose(struct visit* v, enum outcome outcome) {
    count(v, outcome);
    leave(v);
}

static enum outcome outcome_of(int error) {
    if (error == ECONNREFUSED) return REFUSED;
    return error == ECONNRESET || error == EPIPE ? RESET : FAILED;
}

static void ask(struct visit* v) {
    static unsigned long numbers;
    char text[96];
    v->number = ++numbers;
    v->got = 0;
    v->state = ASKING;
    const int size =
        snprintf(text, sizeof text, "GET /%lu HTTP/1.1\r\nHost: localhost\r\n\r\n", v->number);
    if (send(v->fd, text, (size_t)size, MSG_NOSIGNAL) != size) lose(v, outcome_of(errno));
}

static void begin(struct visit* v, int64_t now) {
    static unsigned turn;
    const enum kind kind = v->kind;
    *v = (struct visit){.kind = kind, .state = CONNECTING, .began = now};
    if (kind == NEWCOMER) ++busy;
    v->place = place_turn++ % place_count;
    memcpy(v->settled, places[v->place].settled, IDENTITY);
    v->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (v->fd < 0) die("socket");
    const int on = 1;
    setsockopt(v->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    setsockopt(v->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // One address has ports for some 28,000 connections a minute.
    struct sockaddr_in here = loopback(0);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + turn++ % ADDRESSES);
    if (bind(v->fd, (struct sockaddr*)&here, sizeof here) != 0) die("bind");
    const struct sockaddr_in there = loopback(places[v->place].port);
    if (connect(v->fd, (const struct sockaddr*)&there, sizeof there) != 0 && errno != EINPROGRESS) {
        lose(v, outcome_of(errno));
        return;
    }
    watch(set, EPOLL_CTL_ADD, v->fd, EPOLLOUT, v);
}

/// Who answered, from "IDENTITY /NUMBER\n" behind the head; NULL while it is not all there.
static char* body_of(struct visit* v) {
    v->received[v->got] = '\0';
    char* const head = strstr(v->received, "\r\n\r\n");
    return head != NULL && strchr(head + 4, '\n') != NULL ? head + 4 : NULL;
}

static int is_right(struct visit* v, char* body) {
    char* const space = strchr(body, ' ');
    if (space == NULL || space - body >= IDENTITY) return 0;
    char path[32];
    snprintf(path, sizeof path, "/%lu\n", v->number);
    if (strcmp(space + 1, path) != 0) return 0;
    *space = '\0';
    const int known = v->identity[0] != '\0' ? strcmp(body, v->identity) == 0
                                             : may_answer(&places[v->place], v->settled, body);
    *space = ' ';
    if (known && v->identity[0] == '\0') memcpy(v->identity, body, (size_t)(space - body));
    return known;
}

static void answered(struct visit* v, char* body) {
    const int64_t now = clock_ns(CLOCK_MONOTONIC);
    if (!is_right(v, body)) {
        if (sample[0] == '\0') {
            body[strcspn(body, "\n\"\\\r")] = '\0';
            snprintf(sample,
                     sizeof sample,
                     "place %u: %.80s, after %s",
                     v->place,
                     body,
                     v->identity[0] != '\0' ? v->identity : v->settled);
        }
        lose(v, WRONG);
        return;
    }
    count(v, ANSWERED);
    if (v->kind == NEWCOMER) {
        latency_add(&connecting, now - v->began);
        leave(v);
        return;
    }
    if (v->asked_once) latency_add(&echoes, now - v->began);
    if (!v->asked_once) ++opened;
    v->asked_once = 1;
    rest(v);
}

static void on_event(struct visit* v) {
    if (v->state == NONE) return;
    if (v->state == CONNECTING) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(v->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) {
            lose(v, outcome_of(error));
            return;
        }
        watch(set, EPOLL_CTL_MOD, v->fd, EPOLLIN, v);
        ask(v);
        return;
    }
    const ssize_t got = recv(v->fd, v->received + v->got, sizeof v->received - 1 - v->got, 0);
    if (got < 0) {
        if (!try_later()) lose(v, outcome_of(errno));
        return;
    }
    if (got == 0) {
        lose(v, ENDED);
        return;
    }
    v->got += (size_t)got;
    if (v->state == RESTING || v->got == sizeof v->received - 1) {
        lose(v, WRONG);  // nobody asked, or no end
        return;
    }
    char* const body = body_of(v);
    if (body != NULL) answered(v, body);
}

static void ask_again(struct visit* v, int64_t now) {
    if (v->state != RESTING) {
        ++skipped;
        return;
    }
    v->began = now;
    ask(v);
}

static void start_newcomer(int64_t now) {
    static unsigned long turn;
    for (unsigned long i = 0; i < newcomers; ++i) {
        struct visit* const v = &visits[established + turn++ % newcomers];
        if (v->state != NONE) continue;
        begin(v, now);
        return;
    }
    fail("too many visits are not answered");
}

/// What is due by now, of what comes `each` ns.
static unsigned long due(int64_t* next, int64_t each, int64_t now, int late) {
    unsigned long number = 0;
    for (; *next <= now; *next += each, ++number) {
        if (late) latency_add(&lateness, now - *next);
    }
    return number;
}

static void open_missing(int64_t now) {
    static unsigned long at;
    for (unsigned long looked = 0, begun = 0; looked < 64 && begun < AT_ONCE; ++looked) {
        if (established == 0) return;
        struct visit* const v = &visits[at++ % established];
        if (v->state != NONE) continue;
        begin(v, now);
        ++begun;
    }
}

static void give_up_the_silent(int64_t now) {
    for (unsigned long i = 0; i < visit_count; ++i) {
        struct visit* const v = &visits[i];
        if (v->state != CONNECTING && v->state != ASKING) continue;
        if (now - v->began > (int64_t)patience * second) lose(v, SILENT);
    }
}

static void on_time(int64_t now) {
    static int64_t next_newcomer, next_echo, next_look;
    open_missing(now);
    if (!ready) {
        if (opened < established) return;
        ready = 1;
        puts("ready");
        fflush(stdout);
        next_newcomer = next_echo = next_look = now;
    }
    if (rate != 0) {
        for (unsigned long n = due(&next_newcomer, second / (int64_t)rate, now, 1); n > 0; --n) {
            start_newcomer(clock_ns(CLOCK_MONOTONIC));
        }
    }
    if (echoing != 0) {
        for (unsigned long n = due(&next_echo, second / (int64_t)echoing, now, 0); n > 0; --n) {
            ask_again(&visits[idle + echo_turn++ % echoing], clock_ns(CLOCK_MONOTONIC));
        }
    }
    for (int i = 0; i < AT_ONCE && to_ask > 0; ++i, --to_ask) {
        ask_again(&visits[ask_turn++ % idle], clock_ns(CLOCK_MONOTONIC));
    }
    if (due(&next_look, second, now, 0) != 0) give_up_the_silent(now);
}

static void say_outcomes(const char* name, const uint64_t* of) {
    printf("\"%s\": {", name);
    for (int i = 0; i < OUTCOMES; ++i) {
        printf("%s\"%s\": %llu", i == 0 ? "" : ", ", outcome_names[i], (unsigned long long)of[i]);
    }
    printf("}, ");
}

static void report(void) {
    unsigned long resting = 0, waiting = 0;
    for (unsigned long i = 0; i < established; ++i) {
        resting += visits[i].state == RESTING;
        waiting += visits[i].state == ASKING && visits[i].kind == IDLE;
    }
    printf("{");
    say_outcomes("newcomers", counts[0]);
    say_outcomes("established", counts[1]);
    latency_say("connect", &connecting);
    latency_say("echo", &echoes);
    latency_say("late", &lateness);
    printf(
        "\"open\": %lu, \"under_way\": %lu, \"to_ask\": %lu, \"skipped\": %llu, "
        "\"wrong\": \"%s\"}\n",
        resting,
        busy,
        to_ask + waiting,
        (unsigned long long)skipped,
        sample);
    fflush(stdout);
    memset(counts, 0, sizeof counts);
    skipped = 0;
    sample[0] = '\0';
}

static void renew(unsigned long wanted) {
    for (unsigned long looked = 0; looked < established && wanted > 0; ++looked) {
        struct visit* const v = &visits[renew_turn++ % established];
        if (v->state != RESTING) continue;
        leave(v);
        --wanted;
    }
}

static void obey(const char* line) {
    unsigned number = 0;
    if (obey_about_places(line)) return;
    if (sscanf(line, "renew %u", &number) == 1) {
        renew(number);
    } else if (strcmp(line, "ask") == 0) {
        to_ask = idle;
    } else if (strcmp(line, "report") == 0) {
        report();
    } else {
        fail("unknown command");
    }
}

/// Whole lines; 0 at the end of the input.
static int read_commands(void) {
    static char input[64 * 1024];
    static size_t held;
    const ssize_t got = read(STDIN_FILENO, input + held, sizeof input - held);
    if (got <= 0) return got < 0 && try_later();
    held += (size_t)got;
    char* line = input;
    for (char* end; (end = memchr(line, '\n', held)) != NULL;) {
        *end = '\0';
        held -= (size_t)(end + 1 - line);
        obey(line);
        line = end + 1;
    }
    memmove(input, line, held);
    return 1;
}

static void read_places(void) {
    char line[128];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, "start") == 0) return;
        obey(line);
    }
    fail("no start");
}

int main(int argc, char** argv) {
    const struct argument known[] = {{"--rate", &rate},
                                     {"--idle", &idle},
                                     {"--echoing", &echoing},
                                     {"--newcomers", &newcomers},
                                     {"--patience", &patience},
                                     {NULL, NULL}};
    read_arguments(argc, argv, known);
    raise_descriptor_limit();
    setvbuf(stdin, NULL, _IONBF, 0);  // what follows `start` is left to read()
    read_places();
    if (place_count == 0) fail("no place");
    established = idle + echoing;
    visit_count = established + newcomers;
    visits = calloc(visit_count, sizeof *visits);
    set = epoll_create1(EPOLL_CLOEXEC);
    if (visits == NULL || set < 0) die("epoll_create1");
    for (unsigned long i = 0; i < established; ++i) visits[i].kind = i < idle ? IDLE : ECHOING;
    watch(set, EPOLL_CTL_ADD, STDIN_FILENO, EPOLLIN, NULL);
    for (int more = 1; more;) {
        struct epoll_event events[EVENTS];
        const int happened = epoll_wait(set, events, EVENTS, 1);
        if (happened < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < happened; ++i) {
            struct visit* const v = events[i].data.ptr;
            if (v != NULL) on_event(v);
            if (v == NULL) more = read_commands();
        }
        on_time(clock_ns(CLOCK_MONOTONIC));
    }
    return 0;
}
