/* SPDX-License-Identifier: MIT
 *
 * Says in started and release what its options are. Posts something to the loop while it is
 * configured, and refuses an empty greeting after that. */
#include <stdlib.h>
#include <string.h>

#include <protohost/abi.h>

static ph_status load(const ph_host* host, ph_ctx* context, void** instance);
static ph_status configure(ph_ctx* context, void* instance, const ph_node* options, void** factory);
static ph_status started(ph_ctx* context, void* factory);
static void release(ph_ctx* context, void* factory);

#define GUEST_NAME "greets"
#define GUEST_LOAD load
#define GUEST_CONFIGURE configure
#define GUEST_STARTED started
#define GUEST_RELEASE release
#define GUEST_OPTIONS greets_options
#define GUEST_OPTION_COUNT 1
static const ph_option greets_options[] = {
    {{"greeting", 8}, PH_OPTION_STRING, 0, {"hello", 5}, {NULL, 0}}};
#include "guest.h"

static const ph_host* daemon_host;

static void say(ph_ctx* context, const char* what, const char* text) {
    char line[100];
    const ph_str message = {line, strlen(what) + strlen(text)};
    strcpy(line, what);
    strcat(line, text);
    daemon_host->log(context, PH_LOG_INFO, message);
}

static void posted(void* context) {
    say(context, "posted", "");
}
static void dropped(void* context) {
    say(context, "dropped", "");
}

static ph_status load(const ph_host* host, ph_ctx* context, void** instance) {
    (void)context;
    (void)instance;
    daemon_host = host;
    return PH_OK;
}

static ph_status configure(ph_ctx* context,
                           void* instance,
                           const ph_node* options,
                           void** factory) {
    (void)instance;
    const ph_str key = {"greeting", 8};
    const ph_str why = {"must not be empty", 17};
    const ph_node* node = daemon_host->config->get(context, options, key);
    ph_str text;
    const ph_status status = daemon_host->config->as_string(context, node, &text);
    if (status < 0) return status;
    daemon_host->loop->call_soon_threadsafe(context, posted, dropped, context);
    if (text.n == 0) return daemon_host->config->reject(context, node, why);
    char* copy = malloc(text.n + 1);
    if (copy == NULL) return PH_E_NOMEM;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    *factory = copy;
    return PH_OK;
}
static ph_status started(ph_ctx* context, void* factory) {
    say(context, "started ", factory);
    return PH_OK;
}
static void release(ph_ctx* context, void* factory) {
    say(context, "release ", factory);
    free(factory);
}

GUEST_PLUGIN();
